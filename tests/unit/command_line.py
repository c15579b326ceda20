"""The `ktstr` command, run in this process: what it printed and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ktstr.tasks import main
from ktstr.verifier.command import main as sweep

__all__ = ["Told", "enter_project", "ktstr"]


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


def enter_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, test: str) -> Path:
    """A project with the module `test`, no network, and an empty cache: this process is in it."""
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "test_it.py").write_text(test)
    (folder / "my.bpf.c").write_text("")
    (folder / "my.bpf.o").write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\1\0\xf7\0")
    (folder / "smoke.json").write_text("{}")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    monkeypatch.delenv("KTSTR_KERNEL", raising=False)
    return folder


def ktstr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> Told:
    """Run `ktstr words`. An exception other than the command's end is a bug, and gets through."""
    monkeypatch.setattr(sys, "argv", ["ktstr", *words])
    monkeypatch.setattr(os, "execve", _become)
    capsys.readouterr()
    try:
        main()
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    captured = capsys.readouterr()
    return Told(status, captured.out, captured.err)


def _become(_program: str, command: Sequence[str], _environment: Mapping[str, str]) -> None:
    """The sweep's own program, in this process."""
    assert list(command[1:3]) == ["-m", "ktstr.verifier"]
    raise SystemExit(sweep(command[3:]))
