"""The table of mistakes, each made."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import mistakes
import pytest
from command_line import ktstr

import ktstr.declare.scheduler as ktstr_scheduler


def says(pattern: str, text: str) -> bool:
    """Whether `text` is one line of ktstr's that says what the table does."""
    parts = (re.escape(part) for part in pattern.split("..."))
    return re.fullmatch(f"ktstr: {'.*'.join(parts)}\n", text) is not None


TEST = """
from ktstr import declare_scheduler, ktstr_test, scenarios

MINE = declare_scheduler("mine", binary="mine")

@ktstr_test(scheduler=MINE)
def smoke(ctx):
    scenarios.steady(ctx)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a test and a scheduler, no network, and an empty cache."""
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "test_it.py").write_text(TEST)
    (folder / "my.bpf.c").write_text("")
    (folder / "my.bpf.o").write_bytes(b"\x7fELF\2\1\1" + bytes(9) + b"\1\0\xf7\0")
    (folder / "smoke.json").write_text("{}")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(ktstr_scheduler, "_registry", {})
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    monkeypatch.delenv("KTSTR_KERNEL", raising=False)
    return folder


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("typed", "said", "status"), mistakes.COMMANDS)
def test_a_command(
    typed: str, said: str, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, *shlex.split(typed))
    assert says(said, told.err), told.err
    assert (told.status, told.out) == (status, "")
