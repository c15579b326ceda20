"""The reader of the first hour's steps, and that its script has each step in a form that can be read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "first_hour"


@pytest.fixture(scope="module")
def hour() -> ModuleType:
    spec = importlib.util.spec_from_file_location("first_hour", FOLDER / "first_hour.py")
    assert spec is not None
    assert spec.loader is not None
    import sys

    module = sys.modules["first_hour"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAID = """Selecting previously unselected package
== step install ktstr
$ pip install ktstr.whl
== done 0 12.5 0
noise between steps
== step what is there
$ ktstr doctor
TOOL  VERSION
== done 2 1.0 2
== step never ended
$ ktstr test
"""


def test_steps_are_read_from_marks(hour: ModuleType) -> None:
    first, second = hour.read_steps(SAID.splitlines(keepends=True))
    assert first == hour.Step("install ktstr", ("$ pip install ktstr.whl",), 0, 0, 12.5)
    assert (second.screen, second.status, second.wanted) == (("$ ktstr doctor", "TOOL  VERSION"), 2, 2)


def test_the_page_has_each_screen_and_the_seconds(hour: ModuleType) -> None:
    steps = list(hour.read_steps(SAID.splitlines()))
    page = hour.screens("trixie", "Debian 13", steps)
    assert "| install ktstr | 12.5 s |\n| what is there | 1.0 s |\n" in page
    assert (
        "\n## What is there\n\n```text\n$ ktstr doctor\nTOOL  VERSION\n```\n\nThe exit status is 2.\n" in page
    )
    assert hour.table(["a", "b"], [steps, steps])[-1] == "| what is there | 1.0 s | 1.0 s |"


def test_the_script_knows_only_the_wheel() -> None:
    text = (FOLDER / "hour.sh").read_text()
    assert subprocess.run(["bash", "-n", FOLDER / "hour.sh"], check=False).returncode == 0
    names = re.findall(r"^step '([^']+)' \d <<'END'$", text, re.MULTILINE)
    assert len(names) == len(set(names)) == len(re.findall(r"^step ", text, re.MULTILINE))
    assert "/root/ktstr" not in text.replace("rm -rf /root/ktstr", "")
    for word in ("init", "test", "verifier", "shell", "replay", "bisect", "vmlinux-h"):
        assert re.search(rf"^\t?ktstr {word}\b", text, re.MULTILINE), word
