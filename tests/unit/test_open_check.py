"""Whether an object can be opened: what is said of one that cannot, and that the answer for one that can is kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from unittest import mock

import pytest

from ktstr.base.errors import KtstrError
from ktstr.run.open_check import check_opens


@pytest.fixture
def object_file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.bpf.o"
    path.write_bytes(b"\x7fELF")
    return path


def loader_that(does: str, tmp_path: Path) -> Path:
    path = tmp_path / "loader"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("kill -SEGV $$", "mine.bpf.o: libbpf crashed as it opened it (SIGSEGV): it is damaged"),
        ("echo 'loader: it has no map' >&2; exit 2", "it has no map"),
        (
            "echo \"libbpf: failed to find BTF for extern 'shelf' [16] section: -2\" >&2; exit 2",
            "uses symbol shelf, which no source of it defines",
        ),
        ("exit 2", "it cannot be opened"),
    ],
)
def test_a_refusal_has_a_reason(does: str, words: str, object_file: Path, tmp_path: Path) -> None:
    with pytest.raises(KtstrError) as refused:
        check_opens(loader_that(does, tmp_path), object_file, (), "7.0.13")
    assert str(refused.value) == words


def test_what_can_be_opened_is_opened_once(object_file: Path, tmp_path: Path) -> None:
    """Until the object or what is set in it changes."""
    loader = Path(shutil.copy("/bin/true", tmp_path / "loader"))
    with mock.patch.object(subprocess, "run", wraps=subprocess.run) as run:
        for _ in range(3):
            check_opens(loader, object_file, ("--ops", "mine_ops"), "7.0.13")
        assert run.call_count == 1
        check_opens(loader, object_file, ("--ops", "other_ops"), "7.0.13")
        assert run.call_count == 2
        object_file.write_bytes(b"\x7fELF\2")
        check_opens(loader, object_file, ("--ops", "mine_ops"), "7.0.13")
        assert run.call_count == 3
