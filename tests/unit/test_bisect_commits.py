"""Bisecting a project's own commits: a real repository, its worktrees, and recorded verdicts for the runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from kept_runs import BEGIN, a_record, keep
from report_case import a_case

from ktstr import KtstrError
from ktstr.bisect import own_commits
from ktstr.bisect.command import Request, run_bisect
from ktstr.bisect.limit import Limit, judged_by, limit_of
from ktstr.bisect.step import Options
from ktstr.bisect.verdict import Verdict
from ktstr.declare import scheduler

TEST = """
from ktstr import ktstr_test

@ktstr_test()
def steady(ctx):
    pass
"""
# What each commit's `mine.bpf.c` says, which is what the stand-in for pytest records of it.
HISTORY = ("passed 5", "passed 5", "error", "passed 6", "passed 30", "failed 40", "failed 40", "passed 40")


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Runs:
    """Stands in for pytest: the verdict and the number that the commit's source says."""

    def __init__(self) -> None:
        self.tested: list[str] = []
        self.commands: list[Sequence[str]] = []

    def __call__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> tuple[int, str]:
        assert (folder / "tests/test_mine.py").is_file()
        source = (folder / "tests/mine.bpf.c").read_text().split("|")
        self.tested.append(source[0])
        self.commands.append(command)
        outcome, *number = source[1].split()
        log.write_text(outcome)
        if outcome == "error":
            return 2, "mine.bpf.c:1: error"
        recorded = [{"name": "wait", "value": float(number[0]), "unit": "ms", "better": "lower"}]
        case = a_case(
            nodeid="tests/test_mine.py::steady[7.0]",
            test="steady",
            outcome=outcome,
            message="it did" if outcome == "failed" else "",
            runs=[a_record(recorded=recorded)],
        )
        made = keep(folder, [case], BEGIN + timedelta(hours=len(self.tested)))
        results = Path(environment["KTSTR_RESULTS_DIR"])
        place = results / "history" / made.parent.name
        place.mkdir(parents=True)
        made.rename(place / made.name)
        return int(outcome == "failed"), "1 test"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """A repository with a commit for each word of HISTORY, tagged v0 and so on."""
    monkeypatch.setattr(scheduler, "_registry", {})
    project = tmp_path / "project"
    (project / "tests").mkdir(parents=True)
    git(project, "init", "--quiet", "--initial-branch=main")
    (project / ".gitignore").write_text("/target/\n")
    for number, says in enumerate(HISTORY):
        (project / "tests/mine.bpf.c").write_text(f"{number}|{says}")
        if number == 1:  # the first commit had no test
            (project / "tests/test_mine.py").write_text(TEST)
        git(project, "add", ".")
        git(project, "commit", "--quiet", "--message", f"number {number}")
        git(project, "tag", f"v{number}")
    monkeypatch.chdir(project)
    made = Runs()
    monkeypatch.setattr(own_commits, "run_pytest", made)
    return made


def bisect(commits: str, limit: Limit | None = None, **changes: str) -> None:
    run_bisect(Request("steady", "", "", Options(), commits=commits, limit=limit, **changes))  # type: ignore[arg-type]


def test_the_first_commit_to_fail_is_found_and_one_that_does_not_build_is_passed_over(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    bisect("v0..v6")
    said = capsys.readouterr()
    assert "the first commit to fail: " in said.out
    assert said.out.split("the first commit to fail: ")[1].splitlines()[0].endswith(" number 5")
    assert runs.tested[:2] == ["0", "6"]  # the ends, the first without a test of its own
    assert said.err.splitlines()[0].startswith("bisect: 7 commits from ")


def test_what_cannot_be_judged_may_leave_the_answer_open(runs: Runs) -> None:
    with pytest.raises(
        KtstrError, match=r"the first commit to fail is one of .* number 2, .* number 3"
    ) as error:
        bisect("v1..v3", Limit("wait", 5.5))
    assert "the test could not be judged on all of them" in str(error.value)
    assert runs.tested == ["1", "3", "2"]


def test_a_limit_decides_instead_of_the_verdict(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    bisect("v0..v4", Limit("wait", 20))
    out = capsys.readouterr().out
    assert out.split("the first commit to fail: ")[1].splitlines()[0].endswith(" number 4")
    assert "wait is 30 ms" in out
    assert "wait is 6 ms" in out


def test_with_the_later_end_good_the_first_good_commit_is_found(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    bisect("HEAD..v5")
    assert (
        capsys.readouterr().out.split("the first commit to pass: ")[1].splitlines()[0].endswith(" number 7")
    )


def test_the_project_is_left_as_it_was(runs: Runs) -> None:
    bisect("v0..v6")
    assert git(Path(), "status", "--porcelain") == ""
    assert git(Path(), "worktree", "list").count("\n") == 0
    assert not Path("target/ktstr/.bisect").exists()
    folder = next(Path("target/ktstr/bisect").iterdir())
    assert json.loads((folder / "bisect.json").read_text())["found"]["to"] == "fail"
    assert len(list(folder.glob("*.log"))) == len(runs.tested)


def test_an_interrupted_bisection_continues(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> tuple[int, str]:
        raise KeyboardInterrupt

    bisected = Runs.__call__

    def twice(self: Runs, *arguments: object) -> tuple[int, str]:
        if len(self.tested) == 2:
            return interrupted()
        return bisected(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Runs, "__call__", twice)
    with pytest.raises(KeyboardInterrupt):
        bisect("v0..v6")
    monkeypatch.setattr(Runs, "__call__", bisected)
    bisect("v0..v6")
    assert runs.tested.count("0") == runs.tested.count("6") == 1
    assert git(Path(), "worktree", "list").count("\n") == 0


def test_the_kernel_and_the_options_are_passed_on(runs: Runs) -> None:
    request = Request("steady", "", "", Options(seeds="3"), commits="v4..v5", kernel="7.0")
    run_bisect(request)
    words = list(runs.commands[0])
    assert words[words.index("--ktstr-kernel") + 1] == "7.0"
    assert words[words.index("--seeds") + 1] == "3"


@pytest.mark.parametrize(
    ("commits", "message"),
    [
        ("v0", "bisect: --commits v0: must be GOOD..BAD, two revisions such as v1.0..HEAD"),
        ("v0...v3", "bisect: --commits v0...v3: must be GOOD..BAD, two revisions such as v1.0..HEAD"),
        ("-x..v3", "bisect: --commits -x..v3: a revision does not begin with a dash"),
        ("v0..nothing", "or has no nothing"),
        ("v3..v3", "are the same commit"),
        ("v5..v6", "bisect: --commits v5..v6: not a usable end: tests/test_mine.py::steady must pass on"),
    ],
)
def test_ends_that_cannot_be_used_are_refused(runs: Runs, commits: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        bisect(commits)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_parameters_need_a_kernel(runs: Runs) -> None:
    with pytest.raises(KtstrError, match="with parameters, --kernel must say on which kernel"):
        run_bisect(Request("steady[wide]", "", "", Options(), commits="v0..v6"))


def test_a_test_given_by_its_whole_path_is_that_of_each_commit(runs: Runs) -> None:
    whole = Path("tests/test_mine.py").absolute()
    run_bisect(Request(f"{whole}::steady", "", "", Options(), commits="v4..v5"))
    assert "tests/test_mine.py::steady" in runs.commands[0]


def test_a_test_elsewhere_is_refused(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(TEST)
    with pytest.raises(KtstrError, match="must be in this folder, of which commits are checked out"):
        run_bisect(Request("../test_other.py::steady", "", "", Options(), commits="v4..v5"))


# A metric's limit


def sidecar(outcome: str, *numbers: float, better: str = "lower") -> dict[str, object]:
    recorded = [{"name": "n", "value": number, "unit": "ms", "better": better} for number in numbers]
    return {"outcome": outcome, "message": "why", "runs": [a_record(recorded=recorded)]}


@pytest.mark.parametrize(
    ("sidecars", "verdict"),
    [
        ([sidecar("passed", 1), sidecar("passed", 2), sidecar("passed", 9)], Verdict("passed", "n is 2 ms")),
        ([sidecar("passed", 6)], Verdict("failed", "n is 6 ms")),
        ([sidecar("passed", 6, better="higher")], Verdict("passed", "n is 6 ms")),
        ([sidecar("passed", 1), sidecar("failed", 9)], Verdict("passed", "n is 1 ms")),
        ([sidecar("failed", 9)], Verdict("skipped", "no test passed: why")),
        ([], Verdict("skipped", "no sidecar")),
    ],
)
def test_the_median_of_what_passed_is_held_against_the_limit(
    sidecars: list[dict[str, object]], verdict: Verdict
) -> None:
    assert judged_by(Limit("n", 5), sidecars, "no sidecar") == verdict


def test_a_metric_that_is_not_there_is_told_with_those_that_are() -> None:
    why = judged_by(Limit("m", 5), [sidecar("passed", 1)], "").why
    assert why.startswith("no metric m; there are ")


@pytest.mark.parametrize(
    ("metric", "number", "message"),
    [
        ("n", "", "bisect: --metric NAME needs --limit NUMBER, and the other way round"),
        ("", "5", "bisect: --metric NAME needs --limit NUMBER, and the other way round"),
        ("n", "five", "bisect: --limit five: must be a number, in the unit of n"),
        ("n", "inf", "bisect: --limit inf: must be a number, in the unit of n"),
    ],
)
def test_limits_that_are_none_are_refused(metric: str, number: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        limit_of(metric, number)
    assert str(error.value) == message
