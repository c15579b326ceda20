"""What a session needs with each of its tests is asked for once, and again when it may be another."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ktstr.base import per_environment
from ktstr.base.per_environment import kept_file


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was written long ago."""
    monkeypatch.setattr(per_environment, "is_settled", lambda stamp: True)
    path = tmp_path / "agent"
    path.write_text("first")
    return path


def asked_for(path: Path) -> tuple[list[str], Callable[[str], Path]]:
    """What was asked for, and the function that asks."""
    asked: list[str] = []

    @kept_file
    def built(name: str) -> Path:
        asked.append(name)
        return path

    return asked, built


def test_a_file_is_asked_for_once(program: Path) -> None:
    asked, built = asked_for(program)
    assert [built("a"), built("a"), built("b")] == [program] * 3
    assert asked == ["a", "b"]


@pytest.mark.parametrize("change", ["write", "remove", "replace"])
def test_a_file_that_changed_is_asked_for_again(program: Path, change: str) -> None:
    asked, built = asked_for(program)
    built("a")
    if change == "write":
        program.write_text("second")
    elif change == "remove":
        program.unlink()
    else:
        new = program.with_name("new")
        new.write_text("first")
        new.rename(program)
    built("a")
    assert asked == ["a", "a"]


def test_another_environment_has_another_file(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, built = asked_for(program)
    for folder in ("/one", "/two", "/one"):
        monkeypatch.setenv("KTSTR_CACHE_DIR", folder)
        built("a")
    assert asked == ["a", "a"]


def test_it_is_asked_for_again_after_a_minute(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("ktstr.base.per_environment.time.monotonic", lambda: now[0])
    asked, built = asked_for(program)
    for passed in (0.0, 59.0, 2.0):
        now[0] += passed
        built("a")
    assert asked == ["a", "a"]


def test_a_file_that_was_just_written_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    path.write_text("new")
    asked, built = asked_for(path)
    os.utime(path, (2**31, 2**31))  # later than now: the next change may have the same stamp
    built("a")
    built("a")
    assert asked == ["a", "a"]
