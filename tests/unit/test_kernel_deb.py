"""Reading binary packages."""

from __future__ import annotations

import io
import tarfile

import pytest
from debian_archive import deb

from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.deb import read_files

FILES = {"./boot/config-7.0": b"CONFIG_SMP=y\n", "./boot/vmlinuz-7.0": b"image", "./etc/passwd": b"root"}


def in_boot(path: str) -> bool:
    return path.startswith("boot/")


@pytest.mark.parametrize("compression", ["xz", "gz", "zst", ""])
def test_only_wanted_files_are_read(compression: str) -> None:
    found = read_files(io.BytesIO(deb(FILES, compression)), "x.deb", in_boot, 100)
    assert found == {"boot/config-7.0": b"CONFIG_SMP=y\n", "boot/vmlinuz-7.0": b"image"}


def test_links_are_not_followed() -> None:
    link = tarfile.TarInfo("./boot/vmlinuz")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
    assert read_files(io.BytesIO(deb({"./boot/vmlinuz": link})), "x.deb", in_boot, 100) == {}


def test_a_file_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(KtstrError, match=r"x\.deb: boot/config-7\.0: 13 bytes, accepted are at most 12"):
        read_files(io.BytesIO(deb(FILES)), "x.deb", in_boot, 12)


def test_a_line_end_in_a_name_does_not_break_the_message() -> None:
    with pytest.raises(KtstrError) as refused:
        read_files(io.BytesIO(deb({"./boot/x\n\x1b[2Jy": b"long"})), "x.deb", in_boot, 1)
    assert str(refused.value) == "x.deb: boot/x [2Jy: 4 bytes, accepted are at most 1"


WHOLE = deb({"./boot/a": bytes(range(256)) * 1000}, "xz")


@pytest.mark.parametrize(
    "package",
    [
        b"",
        b"no archive",
        WHOLE[:4],
        WHOLE[:30],
        WHOLE[:500],
        WHOLE[:-200],
        WHOLE[:200] + b"!" * 100 + WHOLE[300:],
    ],
)
def test_a_damaged_package_is_one_line(package: bytes) -> None:
    with pytest.raises(KtstrError, match=r"^x\.deb: not a whole Debian package: .") as caught:
        read_files(io.BytesIO(package), "x.deb", in_boot, 1 << 20)
    assert "\n" not in str(caught.value)
