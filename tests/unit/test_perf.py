"""`nox -s perf`: both sides are run with the same seeds and compared, and the base's worktree goes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from recorded_runs import AFTER, BEFORE

from ktstr.compare import gate
from ktstr.compare.gate import main, requested
from ktstr.compare.runs import Run, all_runs

UNIT = Path(__file__).parent
IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b")


def commit(root: Path, what: str) -> None:
    """A commit of the project at which its tests would give the recorded run of `what`."""
    root.mkdir(exist_ok=True)
    (root / "recorded").write_text(what)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    subprocess.run(["git", *IDENTITY, "commit", "-qm", what, "--allow-empty"], cwd=root, check=True)


def git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the two commits, in a folder of which is the project."""

    def stand_in(verb: str, arguments: Sequence[str]) -> list[str]:
        if verb == "test":
            return [sys.executable, str(UNIT / "perf_suite.py"), *arguments]
        return [sys.executable, "-c", f"print('sweep', {list(arguments)!r})"]

    monkeypatch.setattr(gate, "suite_command", stand_in)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(UNIT), str(UNIT.parents[1]))))
    root = tmp_path / "project"
    git(tmp_path, "init", "-q", "--initial-branch=main")
    (tmp_path / ".gitignore").write_text("__pycache__\n")
    commit(root, BEFORE)
    commit(root, AFTER)
    monkeypatch.chdir(root)
    return root


def test_a_regression_since_the_commit_before_is_found(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert main(["--kernel", "7.0"]) == 1
    assert (tmp_path / "summary.md").read_text().startswith("**13 worse, ")
    lines = capfd.readouterr().out.splitlines()
    base, head = (
        git(project, "rev-parse", "--short=7", "HEAD~1"),
        git(project, "rev-parse", "--short=7", "HEAD"),
    )
    assert lines[:2] == [
        f"perf: base {base} (HEAD~1), 10 seeds",
        "--kernel 7.0 --seeds 10 --shrink-seconds 0",
    ]
    assert any("target/ktstr/.perf" in line for line in lines[2:4])
    assert f"perf: now {head}, 10 seeds" in lines
    assert [line.split()[1].rstrip(",") for line in lines if line.startswith(("before", "after"))] == [
        base,
        head,
    ]
    assert lines[-1] == "13 worse, 1 better, 4 changed, 36 same, of 54 metrics of 2 tests; 10 samples a side"
    assert [run.commit for run in all_runs(project)] == [base, head]
    assert lines.count("sweep ['--kernel', '7.0', '--preset', 'tiny-1llc']") == 2


def test_neither_a_worktree_nor_a_change_of_the_project_is_left(project: Path) -> None:
    main(["--no-sweep"])
    assert len(git(project, "worktree", "list").splitlines()) == 1
    assert git(project, "status", "--porcelain") == ""
    assert not (project / "target/ktstr/.perf").exists()


def test_what_is_in_no_commit_is_compared_with_head(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "recorded").write_text(BEFORE)
    assert main(["--seeds", "9", "--no-sweep"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].endswith("(HEAD), 9 seeds")
    assert any(line.startswith("better") and "wait_p99_ms[web]" in line for line in lines)


def test_no_change_is_status_0_and_few_seeds_are_2(project: Path) -> None:
    commit(project, AFTER)
    assert main(["--no-sweep"]) == 0
    assert main(["--no-sweep", "--base", "HEAD~2", "--seeds", "3"]) == 2


def test_a_project_that_sets_its_threshold_is_heard(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.ktstr.metrics]\n"
        + "".join(
            f"{name} = {{ absolute = 1e9 }}\n"
            for name in (
                "wakeup_p50_ms",
                "wakeup_p99_ms",
                "wakeup_longest_ms",
                "wait_p99_ms",
                "wait_longest_ms",
            )
        )
        + 'throughput = { relative = 2 }\nrequests = { relative = "200%" }\ngap_ms = { absolute = 1e9 }\n'
        "off_cpu_pct = { absolute = 100 }\n"
    )
    assert main(["--base", "HEAD~1", "--no-sweep"]) == 0


def test_what_a_killed_comparison_left_is_removed(project: Path) -> None:
    git(project, "worktree", "add", "-q", "--detach", "target/ktstr/.perf/0000000", "HEAD")
    main(["--no-sweep"])
    assert len(git(project, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--base", "mane"], "perf: --base mane: must be a revision of this repository"),
        (["--base=-x"], "perf: --base -x: must be a revision of this repository"),
        (["--base"], "perf: --base: expected one argument"),
        (["--seeds", "few"], "perf: --seeds 'few': must be a whole number from 1 to 1000"),
        (["--seeds", "0"], "perf: --seeds '0': must be a whole number from 1 to 1000"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_mistake_is_one_line_and_status_2(
    words: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capfd.readouterr().err == f"ktstr: {message}\n"


def test_a_side_without_a_run_is_an_error(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    head = git(project, "rev-parse", "--short=7", "HEAD")
    assert main(["--base", "HEAD"]) == 2
    assert capfd.readouterr().err == (
        f"ktstr: perf: --base HEAD: is commit {head}, which is the one that is checked out\n"
    )
    commit(project, "nothing")
    assert main(["--no-sweep"]) == 2
    head = git(project, "rev-parse", "--short=7", "HEAD")
    assert (
        capfd.readouterr().err
        == f"ktstr: perf: commit {head}: its tests left no run; they ended with status 5\n"
    )


def test_a_sweep_alone_is_no_side(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "sweep", True)
    assert main([]) == 2
    assert "its tests left no run; they ended with status 0" in capfd.readouterr().err


def test_a_base_without_the_project_is_an_error(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(project, "rm", "-q", "--cached", "recorded")
    git(project, *IDENTITY, "commit", "-qm", "none")
    assert main([]) == 2
    git(project, "add", "recorded")
    git(project, *IDENTITY, "commit", "-qm", "again")
    capfd.readouterr()
    assert main(["--base", "HEAD~1"]) == 2
    base = git(project, "rev-parse", "--short=7", "HEAD~1")
    assert capfd.readouterr().err == f"ktstr: perf: commit {base} has no folder project\n"


def test_outside_of_a_repository_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main([]) == 2
    assert capsys.readouterr().err == f"ktstr: perf: {tmp_path}: must be in a git repository with a commit\n"


def test_what_is_not_ours_is_for_pytest_in_its_order() -> None:
    asked = requested(["-k", "web", "--base", "main", "tests/a.py", "--kernel=7.0", "--kernel", "7.3", "-n1"])
    assert (asked.base, asked.seeds, asked.sweep) == ("main", 10, True)
    assert (asked.kernels, asked.others) == (("7.0", "7.3"), ("-k", "web", "tests/a.py", "-n1"))
