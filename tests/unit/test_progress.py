"""Progress of what takes long, where there is no terminal."""

from __future__ import annotations

import pytest

from ktstr.base import progress
from ktstr.base.progress import Progress


def test_it_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_S", 0.0)
    with Progress(total=2, desc="building kernel 7.0", unit="object") as bar:
        bar.update()
        bar.update()
    shown = capsys.readouterr().err
    assert "\r" not in shown
    assert shown.splitlines()[-1].startswith("building kernel 7.0: 100%|")


def test_what_is_quick_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(total=2, desc="building") as bar:
        bar.update(2)
        bar.refresh()
    assert capsys.readouterr().err == ""


def test_its_lock_is_no_semaphore() -> None:
    """Python's tracker of semaphores warns of each that a killed process leaves."""
    assert type(Progress._lock).__module__ == "_thread"


def test_several_at_once_are_lines_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal each has a line of its own, to which the cursor goes up and down."""
    monkeypatch.setattr(progress, "_LINE_S", 0.0)
    with Progress(desc="one", total=3) as one, Progress(desc="two", total=3) as two:
        for bar in (one, two, one, two):
            bar.update()
            bar.refresh()
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert {line[:3] for line in shown.splitlines()} == {"one", "two"}
