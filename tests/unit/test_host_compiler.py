"""Which C compiler is used, and what is said of one that cannot be."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.toolchain.compiler import host_compiler, run_compiler


def test_a_program_that_only_has_a_version_is_no_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "tool"
    script.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/log\necho "rm (GNU coreutils) 9.1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("CC", f"{script} -rf")
    with pytest.raises(
        KtstrError, match=r"^CC=.* -rf: not a C compiler that can be run; unset CC or set it to"
    ):
        host_compiler()
    assert (tmp_path / "log").read_text().splitlines() == ["-rf --version", "-rf -dumpmachine"]


def test_a_compiler_that_the_host_does_not_start_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(subprocess, "run", refused)
    with pytest.raises(KtstrError, match=r"^/.*: cannot be started: Too many open files$"):
        host_compiler()


def test_a_killed_compiler_leaves_no_temporary_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(KtstrError, match=r"^agent: does not compile: "):
        run_compiler("agent", ["sh", "-c", 'echo >"$TMPDIR/cc1234.o" && kill -KILL $$'])
    assert list(temporary.iterdir()) == []
