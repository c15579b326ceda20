"""Outputs that are closed or full, encodings that lack letters, and Ctrl-C: how the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest

MODULE = (sys.executable, "-m", "ktstr")


def run(
    *command: str, stdout: int | IO[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=cwd, env=env
    )


@pytest.mark.parametrize(
    "words", [["--help"], ["cache"], ["cache", "--json"], ["verifier", "--help"], ["-V"]]
)
def test_a_full_output_is_one_line_and_status_2(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(*MODULE, *words, stdout=full)
    assert (done.returncode, done.stderr) == (2, "ktstr: standard output: No space left on device\n")


@pytest.mark.parametrize("words", [["--help"], ["cache"], ["verifier", "--help"]])
def test_a_closed_output_is_silent(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        done = run(*MODULE, *words, stdout=nobody)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_suite_ends_in_order_when_its_output_does(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_plain():\n    pass\n")
    with Path("/dev/full").open("w") as full:
        done = run(
            sys.executable, "-m", "ktstr.plugin", "-p", "no:hypothesispytest", cwd=tmp_path, stdout=full
        )
    assert (done.returncode, done.stderr) == (2, "ktstr: standard output: No space left on device\n")


def test_an_encoding_without_a_letter_gets_its_number(tmp_path: Path) -> None:
    folder = tmp_path / "größe"
    folder.mkdir()
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "KTSTR_CACHE_DIR": str(folder)}
    done = run(*MODULE, "cache", stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr\\xf6\\xdfe" in done.stdout


GUARDED = "import signal; from ktstr.base.output import guarded, silent_start; {}"


def test_ctrl_c_while_the_command_is_imported_is_silent() -> None:
    code = "with silent_start(): signal.raise_signal(signal.SIGINT)"
    done = run(sys.executable, "-c", GUARDED.format(f"exec({code!r})"), stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_ctrl_c_twice_is_status_130_without_a_traceback() -> None:
    code = """
def body():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGINT)
raise SystemExit(guarded(body))
"""
    done = run(sys.executable, "-c", GUARDED.format(f"exec({code!r})"), stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (130, "")


def test_ctrl_c_ends_a_suite_with_status_130(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import signal\ndef test_plain():\n    signal.raise_signal(signal.SIGINT)\n"
    )
    command = (sys.executable, "-m", "ktstr.plugin", "-p", "no:hypothesispytest")
    done = run(*command, cwd=tmp_path, stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (130, "")
    assert "ktstr: interrupted\n" in done.stdout
    assert "KeyboardInterrupt" not in done.stdout
    assert "warning" not in done.stdout
