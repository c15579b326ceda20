"""Bisection: the search on lists and on a repository's commits, what a step's results mean, and all of it with
stand-ins for the runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vm_stand_in import a_job

from ktstr import KtstrError
from ktstr.bisect import command
from ktstr.bisect.command import Request, run_bisect
from ktstr.bisect.history import Commits, subject_of
from ktstr.bisect.search import Found, ListHistory, Side, most_runs, search
from ktstr.bisect.step import Options, Target, target_of
from ktstr.bisect.verdict import Verdict, judged
from ktstr.declare import scheduler
from ktstr.kernel import resolve
from ktstr.kernel.model import Kernel
from ktstr.kernel.resolve import Candidate
from ktstr.kernel.spec import parse_version

# The search


class Judge:
    """A judge for which `revisions` behave like the new end. It records which revisions it was asked about."""

    def __init__(self, new: set[str], skipped: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.new, self.skipped = new, skipped
        self.asked: list[str] = []

    def __call__(self, revision: str, left: int) -> Side | None:
        assert revision not in self.asked
        assert left > 1
        self.asked.append(revision)
        if revision in self.skipped:
            return None
        return "new" if revision in self.new else "old"


def in_list(count: int, first: int, skipped: set[int] = frozenset()) -> tuple[Found, Judge]:  # type: ignore[assignment]
    """The result of a search among `count` revisions after an old one, where number `first` is the first new one."""
    names = [str(number) for number in range(count + 1)]
    judge = Judge(set(names[first:]), {str(number) for number in skipped})
    return search(ListHistory(names), names[0], names[-1], judge), judge


@pytest.mark.parametrize("count", range(1, 34))
def test_every_first_revision_is_found_in_the_fewest_runs(count: int) -> None:
    asked = []
    for first in range(1, count + 1):
        found, judge = in_list(count, first)
        assert found.suspects == (str(first),)
        asked.append(len(judge.asked))
    # No search can distinguish `count` revisions with fewer yes-or-no answers.
    assert max(asked) == most_runs(count)
    assert sum(2.0**-runs for runs in asked) == pytest.approx(1.0)


def test_revisions_that_cannot_be_judged_are_avoided() -> None:
    found, judge = in_list(8, 3, skipped={4, 6})
    assert found.suspects == ("3",)
    assert judge.asked[0] == "4"


def test_revisions_that_cannot_be_distinguished_remain() -> None:
    found, _ = in_list(8, 3, skipped={2, 3})
    assert set(found.suspects) == {"2", "3", "4"}
    found, judge = in_list(4, 2, skipped={1, 2, 3})
    assert set(found.suspects) == {"1", "2", "3", "4"}
    assert sorted(judge.asked) == ["1", "2", "3"]


# Commits


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commits 0 to 9, a branch from 3 (side 1 to 4) that is merged after 7, and a tag on the first."""
    path = tmp_path_factory.mktemp("bisect") / "linux"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")

    def commit(name: str) -> None:
        (path / name.replace(" ", "-")).write_text(name)
        git(path, "add", ".")
        git(path, "commit", "--quiet", "--message", name)

    for number in range(8):
        commit(f"main {number}")
        if number == 0:
            git(path, "tag", "start")
        if number == 3:
            git(path, "branch", "side")
    git(path, "checkout", "--quiet", "side")
    for number in range(1, 5):
        commit(f"side {number}")
    git(path, "checkout", "--quiet", "main")
    git(path, "merge", "--quiet", "--no-ff", "--message", "merge side", "side")
    for number in (8, 9):
        commit(f"main {number}")
    return path


def git_bisects_runs(repository: Path, new: set[str]) -> int:
    """How many runs git bisect itself takes if `new` are the bad commits."""
    git(repository, "bisect", "start", "main", "start")
    answer, runs = "", 0
    while "is the first bad commit" not in answer:
        here = git(repository, "rev-parse", "HEAD")
        answer = git(repository, "bisect", "bad" if here in new else "good")
        runs += 1
    git(repository, "bisect", "reset")
    return runs


def test_every_planted_commit_is_found_in_a_history_that_forks_by_as_few_runs_as_git_does(
    repository: Path,
) -> None:
    subject = subject_of(f"{repository}#start", f"{repository}#main")
    assert isinstance(subject, Commits)
    assert not subject.good_is_new
    planted = git(repository, "rev-list", "start..main").splitlines()
    assert len(planted) == 14
    ours = gits = 0
    for first in planted:
        new = {first, *git(repository, "rev-list", f"{first}..main", "--ancestry-path").splitlines()}
        judge = Judge(new)
        assert search(subject, subject.old, subject.new, judge).suspects == (first,)
        ours += len(judge.asked)
        gits += git_bisects_runs(repository, new)
    assert ours <= gits


def test_a_commit_is_named_by_its_subject(repository: Path) -> None:
    subject = subject_of(f"{repository}#start", f"{repository}#main")
    commit = git(repository, "rev-parse", "main")
    assert subject.name(commit) == f"{commit[:12]} main 9"


def test_with_a_later_good_end_the_first_good_commit_is_found(repository: Path) -> None:
    assert subject_of(f"{repository}#main", f"{repository}#start").good_is_new


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("#start", "#start~0", "are the same commit, "),
        ("#start", "#absent", "is not a git repository, or has no absent"),
        ("#start", "", "names a working tree; must name a commit, such as"),
        ("#main~2^2", "#main~3", "neither is an ancestor of the other; their common ancestor is"),
    ],
)
def test_commits_that_cannot_be_ends_are_refused(repository: Path, good: str, bad: str, message: str) -> None:
    with pytest.raises(KtstrError) as error:
        subject_of(f"{repository}{good}", f"{repository}{bad}")
    assert message in str(error.value)


def test_a_release_and_a_commit_cannot_be_ends_together(repository: Path) -> None:
    with pytest.raises(KtstrError, match="give two releases, or two commits of one repository"):
        subject_of("7.0", f"{repository}#main")


# The test of a step


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("steady", ""),
        ("steady[7.0]", ""),
        ("steady[7.3-rc7-wide]", "wide"),
        ("steady[auto-wide-1]", "wide-1"),
        ("tests/test_mine.py::steady[wide]", "wide"),
    ],
)
def test_the_kernel_among_a_tests_parameters_is_ignored(name: str, parameters: str) -> None:
    target = target_of("tests/test_mine.py::steady", name)
    assert target == Target("tests/test_mine.py", "steady", parameters)
    assert target.on("K") == f"tests/test_mine.py::steady{f'[K-{parameters}]' if parameters else ''}"


def test_a_seed_among_the_parameters_is_refused() -> None:
    with pytest.raises(KtstrError, match="give the seed as --seed 17 --perturb on"):
        target_of("tests/test_mine.py::steady", "steady[7.0-seed17]")


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["passed", "passed"], Verdict("passed")),
        (["passed", "failed"], Verdict("failed", "why failed")),
        (["failed", "error"], Verdict("skipped", "why error")),
        (["passed", "skipped"], Verdict("skipped", "why skipped")),
        ([], Verdict("skipped", "no sidecar")),
    ],
)
def test_a_tests_variants_are_judged_together(outcomes: list[str], verdict: Verdict) -> None:
    sidecars = [{"outcome": outcome, "message": f"why {outcome}\nand more"} for outcome in outcomes]
    assert judged(sidecars, "no sidecar") == verdict


# The whole

TEST = """
from ktstr import ktstr_test

@ktstr_test()
def steady(ctx):
    pass
"""
VERSIONS = ("7.0.13", "7.1.3", "7.1.7", "7.1.8", "7.1.13", "7.2.6", "7.2.9", "7.3-rc7", "7.3.4")


class Runs:
    """Stands in for the runs of a test that fails from some version on, and for fetching kernels."""

    def __init__(self, folder: Path) -> None:
        self.kernel = a_job(folder).kernel
        self.first_bad = "7.1.8"
        self.special: dict[str, Verdict | KtstrError | KeyboardInterrupt] = {}
        self.tested: list[str] = []

    def fetch(self, candidate: Candidate) -> Kernel:
        special = self.special.get(str(candidate.version))
        if isinstance(special, KtstrError):
            raise special
        return replace(self.kernel, key=f"{candidate.version}-key", version=str(candidate.version))

    def run(self, _target: Target, kernel: Kernel, _options: Options, log: Path, _limit: object) -> Verdict:
        assert log.parent.is_dir()
        special = self.special.get(kernel.version)
        if isinstance(special, BaseException):
            raise special
        self.tested.append(kernel.version)
        if special is not None:
            return special
        bad = parse_version(kernel.version) >= parse_version(self.first_bad)
        return Verdict("failed", "it did") if bad else Verdict("passed")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """A project with the test `steady`, and the releases VERSIONS."""
    made = Runs(tmp_path)
    monkeypatch.setattr(scheduler, "_registry", {})
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("test_mine.py").write_text(TEST)
    releases = [Candidate(parse_version(version), "", None, None) for version in VERSIONS]

    def candidates(text: str) -> list[Candidate]:
        return [one for one in releases if str(one.version).startswith(text)][-1:]

    def between(first: Any, last: Any) -> list[Candidate]:
        return [one for one in releases if one.version is not None and first <= one.version <= last]

    monkeypatch.setattr(resolve, "candidates", candidates)
    monkeypatch.setattr(resolve, "releases", between)
    monkeypatch.setattr(resolve, "fetch", made.fetch)
    monkeypatch.setattr(command, "run_step", made.run)
    return made


def bisect(good: str = "7.0", bad: str = "7.3.4", *, fresh: bool = False) -> None:
    run_bisect(Request("steady", good, bad, Options(), fresh))


def test_the_steps_are_printed(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    bisect()
    said = capsys.readouterr()
    assert runs.tested == ["7.0.13", "7.3.4", "7.1.13", "7.1.7", "7.1.8"]
    assert said.err.splitlines()[0] == (
        "bisect: 9 releases from 7.0.13 to 7.3.4: both ends first, then at most 3 runs"
    )
    assert said.out == (
        "STEP  RELEASE  VERDICT          SUSPECTS  WHY\n"
        " end  7.0.13   passed                  8\n"
        " end  7.3.4    failed                  8  it did\n"
        "   1  7.1.13   failed                  8  it did\n"
        "   2  7.1.7    passed                  4\n"
        "   3  7.1.8    failed <- first         2  it did\n"
        "\n"
        "the first release to fail: 7.1.8\n"
        "(steps and logs in target/ktstr/bisect/steady-7.0-7.3.4-"
        f"{next(Path('target/ktstr/bisect').iterdir()).name[-8:]})\n"
    )


def test_the_first_good_release_is_found_if_the_good_end_is_later(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.special = {version: Verdict("failed", "it did") for version in VERSIONS[:3]}
    runs.special |= {version: Verdict("passed") for version in VERSIONS[3:]}
    bisect(good="7.3.4", bad="7.0")
    assert "the first release to pass: 7.1.8\n" in capsys.readouterr().out


def test_a_release_that_cannot_be_fetched_or_judged_is_avoided(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.special = {"7.1.13": KtstrError("kernel 7.1.13: gone"), "7.2.6": Verdict("skipped", "no such kfunc")}
    bisect()
    said = capsys.readouterr()
    assert "the first release to fail: 7.1.8\n" in said.out
    assert "bisect: 7.1.13: skipped (kernel 7.1.13: gone)" in said.err


def test_an_open_answer_is_an_error(runs: Runs) -> None:
    runs.special = {"7.1.7": Verdict("skipped", "no such kfunc")}
    runs.first_bad = "7.1.7"
    with pytest.raises(
        KtstrError, match=r"the first release to fail is one of 7\.1\.7, 7\.1\.8: the test could"
    ):
        bisect()


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Verdict("failed", "it did"), "must pass on 7.0.13, but it failed there (it did)"),
        (
            Verdict("skipped", "no QEMU"),
            "must pass on 7.0.13, but it could not be judged there (no QEMU)",
        ),
    ],
)
def test_an_end_with_another_verdict_ends_it(runs: Runs, verdict: Verdict, message: str) -> None:
    runs.special = {"7.0.13": verdict}
    with pytest.raises(KtstrError) as error:
        bisect()
    assert str(error.value) == f"bisect: --good 7.0: not a usable end: test_mine.py::steady {message}"
    assert runs.tested == ["7.0.13"]
    runs.special = {}
    bisect()  # the fault was fixed, and nothing is remembered of it
    assert runs.tested[1:3] == ["7.0.13", "7.3.4"]


def interrupted(runs: Runs, at: str) -> None:
    runs.special = {at: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        bisect()
    runs.special = {}
    runs.tested.clear()


def test_an_interrupted_bisection_continues(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted(runs, "7.1.7")
    bisect()
    assert runs.tested == ["7.1.7", "7.1.8"]
    said = capsys.readouterr()
    assert "bisect: continuing after step 3 of an interrupted bisection; --fresh starts over" in said.err
    assert "bisect: 7.1.13: failed, as before" in said.err
    assert "   3  7.1.8    failed <- first" in said.out
    bisect()  # it was over
    assert runs.tested[2:4] == ["7.0.13", "7.3.4"]


def change_the_test() -> None:
    Path("test_mine.py").write_text(TEST + "# another\n")


def damage_the_journal() -> None:
    (journal,) = Path("target/ktstr/bisect").glob("*/journal.json")
    journal.write_text(journal.read_text()[:-40])


@pytest.mark.parametrize("change", [change_the_test, damage_the_journal])
def test_outdated_and_damaged_steps_are_made_again(runs: Runs, change: Callable[[], None]) -> None:
    interrupted(runs, "7.1.7")
    change()
    bisect()
    assert runs.tested[:3] == ["7.0.13", "7.3.4", "7.1.13"]


def test_fresh_starts_over(runs: Runs) -> None:
    interrupted(runs, "7.1.7")
    bisect(fresh=True)
    assert runs.tested[:3] == ["7.0.13", "7.3.4", "7.1.13"]


def test_ends_that_mean_one_release_are_refused(runs: Runs) -> None:
    with pytest.raises(KtstrError, match=r"--good 7\.0 --bad 7\.0\.13: both mean 7\.0\.13"):
        bisect(bad="7.0.13")
