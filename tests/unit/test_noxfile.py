"""The nox sessions and ci/nox, really run, with an interpreter that only records what it is asked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDER = """#!/bin/sh
echo "$@" >>"$0.log"
"""


class Project:
    """A checkout with the noxfile and pyproject.toml of this one, and a .venv whose python is the recorder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("noxfile.py", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        self.python = folder / ".venv" / "bin" / "python"
        self.python.parent.mkdir(parents=True)
        self.python.write_text(RECORDER)
        self.python.chmod(0o755)

    def nox(self, *arguments: str) -> list[str]:
        """What `nox *arguments` asked the interpreter to run, apart from its version."""
        log = Path(f"{self.python}.log")
        log.unlink(missing_ok=True)
        command = [sys.executable, "-m", "nox", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [line for line in log.read_text().splitlines() if not line.endswith("--version")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_each_session_has_a_line_in_the_menu() -> None:
    command = [sys.executable, "-m", "nox", "--list"]
    menu = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = re.findall(r"^[*-] ([\w-]+) -> \S.*\.$", menu, re.MULTILINE)
    sessions = {
        "setup",
        "test",
        "verifier",
        "perf",
        "unit",
        "guest",
        "warnings",
        "hosting",
        "package",
        "first-hour",
        "docs",
        "reference",
        "report",
        "coverage",
        "bench",
        "census",
        "selftests",
        "fuzz",
        "faults",
        "perf-trials",
        "fuzz-decoders",
        "conditions",
        "objects",
        "repeat",
        "scx",
        "alarms",
        "farm",
        "kvm-nested",
        "lint",
        "typecheck",
    }
    assert set(described) == sessions


def test_an_unchanged_environment_is_left_alone(project: Project) -> None:
    first, second = project.nox("-s", "lint"), project.nox("-s", "lint")
    assert first[0].startswith("-m pip install")
    assert f"--editable {project.folder}" in first[0]
    assert second == ["-m ruff check", "-m ruff format --check", "tests/shared/workflow_lint.py"]
    assert first[1:] == second


def test_a_changed_dependency_is_installed(project: Project) -> None:
    project.nox("-s", "lint")
    pyproject = project.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"tqdm>=', '"rich",\n    "tqdm>='))
    assert project.nox("-s", "lint")[0].startswith("-m pip install")


def test_setup_comes_first_and_leaves_the_tests_their_options(project: Project) -> None:
    install, *asked = project.nox("-s", "setup", "test", "--", "--kernel", "7.0", "-k", "steady")
    assert install.startswith("-m pip install")
    assert asked == [
        "-m ktstr.host.setup",
        "-m pytest -o testpaths=tests/schedulers -p no:hypothesispytest -n auto --dist worksteal"
        " --kernel 7.0 -k steady",
    ]


def test_the_comparison_with_a_base_takes_its_options_and_those_of_pytest(project: Project) -> None:
    asked = project.nox("-s", "perf", "--", "--base", "main", "-k", "steady")
    assert asked[1:] == ["-m ktstr.compare -o testpaths=tests/schedulers --base main -k steady"]


def test_a_default_kernel_is_passed_if_the_user_names_none(project: Project) -> None:
    asked = project.nox("-s", "guest", "unit", "--", "-x")
    assert asked[1:] == [
        "-m pytest -o testpaths=tests/guest -p no:hypothesispytest -n auto --dist worksteal --kernel auto -x",
        "-m pytest -o testpaths=tests/unit -n auto -x",
    ]


def test_the_session_of_scx_takes_its_checkout_first(project: Project) -> None:
    asked = project.nox("-s", "scx", "--", str(project.folder), "--kernel", "7.3")
    assert asked[1:] == ["-m pytest -o testpaths=tests/guest/test_scx.py -n auto --kernel 7.3"]


def test_the_session_of_false_alarms_chooses_schedulers_and_prints_its_table(project: Project) -> None:
    options = ("--sched", "eevdf,scx_flow", "--scx", str(project.folder), "--kernel", "7.3")
    asked = project.nox("-s", "alarms", "--", *options)
    assert asked[1:] == [
        "-m pytest -o testpaths=tests/alarms/test_alarms.py -p no:hypothesispytest -n auto --dist worksteal"
        " --kernel 7.3 -k eevdf_ or scx_flow_",
        "tests/alarms/alarm_table.py",
    ]


def test_the_session_of_trials_passes_on_which_and_how_many(project: Project) -> None:
    asked = project.nox("-s", "perf-trials", "--", "leak", "--trials", "5")
    assert asked[1:] == ["tests/trials/trials.py leak --trials 5"]


def test_coverage_is_collected_by_unit_tests_and_by_guests_on_request(project: Project) -> None:
    pytest = "-m coverage run -m pytest -n auto --dist worksteal"
    unit, guests = f"{pytest} tests/unit", f"{pytest} tests/schedulers tests/guest --kernel 7.0"
    _, erase, *runs, combine, report = project.nox("-s", "coverage", "--", "guest")
    assert (erase, combine) == ("-m coverage erase", "-m coverage combine --quiet")
    assert runs == [unit, guests]
    assert report == "tests/shared/rooms_covered.py"
    assert unit in project.nox("-s", "coverage")
    assert guests not in project.nox("-s", "coverage")


def test_ci_nox_without_python_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ci").mkdir()
    shutil.copy(ROOT / "ci" / "nox", tmp_path / "ci")
    shutil.copy(ROOT / "noxfile.py", tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "flock", "id", "mkdir", "sed"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "ci" / "nox"), "-l"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "ci/nox: needs Python 3.11 or later with venv; on Debian and Ubuntu: sudo apt-get install python3-venv"
    ]
    assert not (tmp_path / ".venv").exists()
