"""The `ktstr` command, run in this process: what it printed and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from ktstr.tasks import main
from ktstr.verifier.command import main as sweep

__all__ = ["Told", "ktstr"]


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


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
