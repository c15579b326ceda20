"""What programs say about themselves is kept while they stay the same, and only for programs that are no wrappers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ktstr.base.answer import Answer, ask
from ktstr.base.cache import cache_dir


@pytest.fixture
def asked() -> Any:
    """The commands that were really run."""
    commands: list[str] = []
    really = subprocess.run

    def run(command: Any, **options: Any) -> Any:
        commands.append(Path(command[0]).name)
        return really(command, **options)

    with mock.patch.object(subprocess, "run", run):
        yield commands


@pytest.fixture
def compiler(tmp_path: Path) -> Path:
    """An ELF program that has a compiler's name and prints its arguments."""
    return Path(shutil.copy("/bin/echo", tmp_path / "gcc-99"))


def kept() -> list[Path]:
    return list((cache_dir() / "answers").glob("*.json"))


def test_a_program_is_asked_once(compiler: Path, asked: list[str]) -> None:
    for _ in range(3):
        assert ask([str(compiler), "hello"]) == Answer(0, "hello\n")
    assert asked == ["gcc-99"]
    assert ask([str(compiler), "other"]).text == "other\n"
    assert asked == ["gcc-99"] * 2


def test_a_program_that_changed_is_asked_again(compiler: Path, asked: list[str]) -> None:
    ask([str(compiler), "--version"])
    replaced = Path(shutil.copy("/bin/true", compiler.with_name("new")))
    replaced.rename(compiler)
    assert ask([str(compiler), "hello"]).text == ""
    ask([str(compiler), "--version"])
    assert asked == ["gcc-99"] * 3


@pytest.mark.parametrize("name", ["ccache", "distcc", "script-gcc", "cc-of-mine"])
def test_what_may_be_a_wrapper_is_asked_each_time(name: str, tmp_path: Path, asked: list[str]) -> None:
    program = tmp_path / name
    if name == "script-gcc":
        program.write_text("#!/bin/sh\nexec echo\n")
        program.chmod(0o755)
    else:
        shutil.copy("/bin/echo", program)
    for _ in range(2):
        ask([str(program), "--version"])
    assert asked == [name] * 2
    assert kept() == []


def test_another_environment_is_another_question(
    compiler: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("/a", "/b", "/a"):
        monkeypatch.setenv("LIBRARY_PATH", folder)
        ask([str(compiler), "-print-file-name=libz.a"])
    assert asked == ["gcc-99"] * 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"status": 0, "text": "x"}', "null", None])
def test_a_damaged_answer_is_asked_for_again(compiler: Path, asked: list[str], damage: str | None) -> None:
    ask([str(compiler), "hello"])
    (file,) = kept()
    if damage is None:
        data = json.loads(file.read_text())
        damage = json.dumps({**data, "text": "another"})
    file.write_text(damage)
    os.utime(file, ns=(1, 1))
    assert ask([str(compiler), "hello"]).text == "hello\n"
    assert asked == ["gcc-99"] * 2


def test_a_failure_is_not_kept(tmp_path: Path, asked: list[str]) -> None:
    compiler = str(shutil.copy("/bin/false", tmp_path / "clang-99"))
    for _ in range(2):
        assert ask([compiler]).status == 1
    assert asked == ["clang-99"] * 2


def test_a_program_that_is_not_there_is_an_error() -> None:
    for command in (["no-such-gcc", "--version"], [], ["/nowhere/gcc"]):
        with pytest.raises((OSError, IndexError)):
            ask(command)


def test_a_full_disk_leaves_nothing_behind(compiler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    assert ask([str(compiler), "hello"]).text == "hello\n"
    assert list((cache_dir() / "answers").iterdir()) == []
