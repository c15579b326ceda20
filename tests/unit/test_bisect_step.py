"""One step of a bisection, with a stand-in for pytest: its command, and what its status means."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.bisect.step import Options, Target, run_step
from ktstr.bisect.verdict import Verdict
from ktstr.kernel.model import Kernel
from ktstr.report.rundir import project_of, run_dir

TARGET = Target("test_mine.py", "steady", "")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.chdir(tmp_path)
    return a_job(tmp_path).kernel


class Pytest:
    """Stands in for pytest: what it was asked, its output, its status, and the sidecars that it leaves."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, status: int, output: str = "", *sidecars: Any
    ) -> None:
        self.status, self.output, self.sidecars = status, output, sidecars
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        monkeypatch.setattr(subprocess, "run", self._run)

    def _run(self, command: list[str], **options: Any) -> Any:
        if command[0] != sys.executable:  # git, asked for the project's label
            return subprocess.CompletedProcess(command, 1, "", "")
        self.command, self.environment = command, options["env"]
        options["stdout"].write(self.output.encode())
        folder = run_dir(Path.cwd(), "7.0.13", project_of(Path.cwd()).label, "bisect")
        folder.mkdir(parents=True)
        for number, sidecar in enumerate(self.sidecars):
            text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
            (folder / f"{number}.json").write_text(text)
        return subprocess.CompletedProcess(command, self.status)


def sidecar(outcome: str, message: str = "", test: str = "steady") -> dict[str, str]:
    return {"nodeid": f"test_mine.py::{test}[7.0.13]", "outcome": outcome, "message": message}


def test_the_test_is_run_on_the_kernel_with_the_options(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = Pytest(monkeypatch, 0, "1 passed", sidecar("passed"))
    assert run_step(TARGET, kernel, Options(clock="virtual"), tmp_path / "log") == Verdict("passed")
    # An option has a long form too, which no other plugin can have taken.
    assert [word.replace("--ktstr-", "--") for word in asked.command[-5:]] == [
        *("test_mine.py::steady", "--kernel", kernel.key),
        *("--clock", "virtual"),
    ]
    assert asked.environment["KTSTR_DIE_WITH_PARENT"] == "1"
    assert (tmp_path / "log").read_text() == "1 passed"


def test_the_sidecars_of_the_test_decide(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not those of another test, nor files that are not sidecars."""
    failed = sidecar("failed", "a stall\nof 3 s")
    Pytest(monkeypatch, 1, "", "{", "[]", sidecar("error", "no kernel", test="other"), failed)
    assert run_step(TARGET, kernel, Options(), tmp_path / "log") == Verdict("failed", "a stall")


def test_without_a_sidecar_the_kernel_is_skipped(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Pytest(monkeypatch, 5, "collected 0 items\nno tests ran\n")
    log = tmp_path / "log"
    assert run_step(TARGET, kernel, Options(), log) == Verdict("skipped", f"no tests ran (see {log})")


@pytest.mark.parametrize(
    ("status", "output", "message"),
    [
        (4, "ERROR: not found: test_mine.py::steady\n\n", "--test test_mine.py::steady: ERROR: not found: "),
        (3, "ktstr: a bug\nbye\n", "pytest ended with status 3: ktstr: a bug (see "),
        (-9, "", "pytest ended with status -9: no output (see "),
    ],
)
def test_a_pytest_that_fails_itself_is_an_error(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, output: str, message: str
) -> None:
    Pytest(monkeypatch, status, output)
    with pytest.raises(KtstrError) as error:
        run_step(TARGET, kernel, Options(), tmp_path / "log")
    assert str(error.value).startswith(f"bisect: {message}")
