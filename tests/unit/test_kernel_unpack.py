"""Source archives are unpacked without trust: where links lead together, and not only each by its text."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.kernel.archive.unpack import unpack_stream


def archive(links: dict[str, str]) -> io.BytesIO:
    """A source archive with one file and these symbolic links."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        file = tarfile.TarInfo("linux/x/y/z/file")
        file.size = 4
        tar.addfile(file, io.BytesIO(b"text"))
        for name, link in links.items():
            member = tarfile.TarInfo(f"linux/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    data.seek(0)
    return data


def test_links_that_lead_out_together_are_refused(tmp_path: Path) -> None:
    links = {"x/y/z/up": "../../..", "out": "x/y/z/up/../secret"}
    (tmp_path / "tree").mkdir()
    with pytest.raises(
        KtstrError, match=r"^l\.tar: out: a link to x/y/z/up/\.\./secret, out of the folder; refused$"
    ):
        unpack_stream(archive(links), "l.tar", tmp_path / "tree")


def test_links_that_stay_inside_together_are_kept(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    unpack_stream(archive({"a": "x/y", "b": "a/z/file", "loop": "loop"}), "l.tar", tmp_path / "tree")
    assert (tmp_path / "tree" / "b").read_text() == "text"
