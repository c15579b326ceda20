from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import git
import pytest

from ktstr.base.errors import KtstrError
from ktstr.report import rundir
from ktstr.report.history import keep_run, remove_runs, runs_of
from ktstr.report.rundir import Project, Staging, project_of, recover

CLEAN = Project("1a2b3c4d" * 5, dirty=False)


def files(root: Path) -> set[str]:
    results = root / "target" / "ktstr"
    return {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()} - {
        ".gitignore",
        ".lock",
    }


def a_run(root: Path, name: str, text: str = "") -> Staging:
    staging = Staging(root, name)
    staging.open(CLEAN)
    folder = staging.folder("7.0.13")
    folder.mkdir()
    (folder / "junit.xml").write_text(text)
    return staging


def test_a_run_appears_under_kernel_and_commit_when_it_ends(tmp_path: Path) -> None:
    staging = a_run(tmp_path, "one")
    assert not (tmp_path / "target/ktstr/7.0.13-1a2b3c4").exists()
    (published,) = staging.publish({"status": "complete"})
    assert (tmp_path / "target/ktstr/7.0.13-1a2b3c4").resolve() == published.path
    assert published.path.parent == tmp_path / "target/ktstr/history/7.0.13-1a2b3c4"
    stamp = published.path.name
    assert files(tmp_path) == {f"history/7.0.13-1a2b3c4/{stamp}/{name}" for name in ("junit.xml", "run.json")}
    about = json.loads((published.path / "run.json").read_text())
    assert about.pop("started").endswith("+00:00")
    assert about == {"schema": 1, "name": "7.0.13-1a2b3c4", "status": "complete"}


def test_a_run_stays_where_it_is_however_many_follow(tmp_path: Path) -> None:
    """A path that was printed once holds the same test for ever."""
    link = tmp_path / "target/ktstr/7.0.13-1a2b3c4"
    places = []
    for number in range(3):
        (published,) = a_run(tmp_path, f"run{number}", f"run {number}").publish({})
        places.append(published.path)
        assert (link / "junit.xml").read_text() == f"run {number}"
        assert [(place / "junit.xml").read_text() for place in places] == [
            f"run {earlier}" for earlier in range(number + 1)
        ]
    assert runs_of(tmp_path) == places


def test_two_runs_of_the_same_instant_are_both_kept(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"run{number}").mkdir()
        keep_run(tmp_path, tmp_path / f"run{number}", "7.0.13-nogit", "20260102T030405.000000Z")
    assert {path.name for path in (tmp_path / "history/7.0.13-nogit").iterdir()} == {
        "20260102T030405.000000Z",
        "20260102T030405.000000Z.2",
    }


def test_a_run_of_an_earlier_version_joins_the_history(tmp_path: Path) -> None:
    """It lies where the link goes now."""
    old = tmp_path / "target/ktstr/7.0.13-1a2b3c4"
    old.mkdir(parents=True)
    (old / "run.json").write_text('{"started": "2026-01-02T03:04:05+00:00"}')
    assert runs_of(tmp_path) == [old]
    (published,) = a_run(tmp_path, "one").publish({})
    kept = published.path.with_name("20260102T030405.000000Z")
    assert runs_of(tmp_path) == [kept, published.path]
    assert old.resolve() == published.path


def test_only_the_newest_runs_of_each_name_are_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    places = [a_run(tmp_path, f"run{number}").publish({})[0].path for number in range(4)]
    (tmp_path / "target/ktstr/history/7.3.4-nogit/20260102T030405.000000Z").mkdir(parents=True)
    (places[-1].parent / "29990102T030405.000000Z-interrupted").mkdir()
    assert remove_runs(tmp_path, 1) == 3
    assert places[-1].is_dir(), "the link leads there"
    (places[-1].parent / "29990102T030405.000000Z-interrupted").rmdir()
    places += [a_run(tmp_path, f"more{number}").publish({})[0].path for number in range(3)]
    assert remove_runs(tmp_path, 2) == 2
    assert [path for path in runs_of(tmp_path) if "7.0.13" in str(path)] == places[-2:]
    assert len(runs_of(tmp_path)) == 3
    assert (tmp_path / "target/ktstr/7.0.13-1a2b3c4/run.json").is_file()


def test_results_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given, place in ((str(tmp_path / "a"), tmp_path / "a"), ("b/c", tmp_path / "project/b/c")):
        monkeypatch.setenv("KTSTR_RESULTS_DIR", given)
        (published,) = a_run(tmp_path / "project", "one").publish({})
        assert published.path.is_relative_to(place)
        assert (place / ".gitignore").read_text() == "*\n"
        assert not (tmp_path / "project/target").exists()
    monkeypatch.setenv("KTSTR_RESULTS_DIR", "~nobody9/x")
    with pytest.raises(
        KtstrError, match=r"^KTSTR_RESULTS_DIR=~nobody9/x: no such user, or no home directory$"
    ):
        Staging(tmp_path, "one")


def test_text_names_the_place_where_files_will_be(tmp_path: Path) -> None:
    staging = a_run(tmp_path, "one")
    text = staging.published_text(f"console in {staging.folder('7.0.13')}/basic/run-1: empty")
    (published,) = staging.publish({})
    assert text == f"console in {published.path}/basic/run-1: empty"


def test_a_kernel_version_cannot_leave_the_directory(tmp_path: Path) -> None:
    staging = a_run(tmp_path, "one")
    assert staging.folder("../../x y").parent == staging.path


def test_the_files_of_a_killed_run_become_history(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from ktstr.report.rundir import Staging, Project\n"
        "staging = Staging(Path(sys.argv[1]), 'dead'); staging.open(Project('1a2b3c4d' * 5, True))\n"
        "folder = staging.folder('7.0.13'); folder.mkdir(); (folder / 'a.json').write_text('{}')\n"
        "(folder / 'b.json-new-17-18').write_text('{')  # what it was writing\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=False, cwd=Path(__file__).parents[2])
    alive = a_run(tmp_path, "alive")
    (moved,) = recover(tmp_path)
    assert moved.parent == tmp_path / "target/ktstr/history/7.0.13-1a2b3c4-dirty"
    assert moved.name.endswith("Z-interrupted")
    assert [path.name for path in moved.iterdir()] == ["a.json"]
    assert {path.name for path in (tmp_path / "target/ktstr/.staging").iterdir()} == {"alive", "alive.lock"}
    assert recover(tmp_path) == []
    alive.publish({})


def test_a_staging_directory_that_only_a_worker_holds_is_not_abandoned(tmp_path: Path) -> None:
    worker = Staging(tmp_path, "one")
    worker.hold()
    worker.folder("7.0.13").mkdir(parents=True)
    (worker.folder("7.0.13") / "console.log").touch()
    assert recover(tmp_path) == []
    worker.discard()


def test_a_run_without_tests_leaves_nothing(tmp_path: Path) -> None:
    staging = Staging(tmp_path, "one")
    staging.open(CLEAN)
    assert staging.publish({}) == []
    assert files(tmp_path) == set()


def test_a_results_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    with pytest.raises(
        KtstrError, match=r"^results directory .*/target/ktstr: Not a directory; --results DIR or .*"
    ):
        Staging(tmp_path, "one").open(CLEAN)


@pytest.fixture
def repository(tmp_path: Path) -> git.Repo:
    with git.Repo.init(tmp_path) as repository:
        (tmp_path / "a.py").write_text("1\n")
        (tmp_path / ".gitignore").write_text("/ignored\n")
        repository.index.add(["a.py", ".gitignore"])
        author = git.Actor("A", "a@example.org")
        repository.index.commit("One", author=author, committer=author)
    return repository


def test_a_project_is_labelled_by_its_commit(repository: git.Repo, tmp_path: Path) -> None:
    commit = repository.head.commit.hexsha
    assert project_of(tmp_path) == Project(commit, dirty=False, branch=repository.active_branch.name)
    assert project_of(tmp_path).label == commit[:7]


@pytest.mark.parametrize(
    ("variables", "branch"),
    [
        ({}, None),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "main", "GITHUB_HEAD_REF": ""}, "main"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "mine"}, "mine"),
    ],
)
def test_a_commit_without_a_branch_has_that_which_is_built(
    repository: git.Repo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    branch: str | None,
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    repository.git.checkout("--detach")
    assert project_of(tmp_path).branch == branch


@pytest.mark.parametrize(("path", "dirty"), [("a.py", True), ("new", True), ("ignored", False)])
def test_uncommitted_changes_make_a_project_dirty(
    repository: git.Repo, tmp_path: Path, path: str, dirty: bool
) -> None:
    (tmp_path / path).write_text("2\n")
    assert project_of(tmp_path).dirty is dirty
    assert project_of(tmp_path).label.endswith("-dirty") is dirty


def test_running_does_not_make_a_project_dirty(repository: git.Repo, tmp_path: Path) -> None:
    a_run(tmp_path, "one").publish({})
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    assert not project_of(tmp_path).dirty


def test_a_project_without_a_commit_has_no_commits_label(tmp_path: Path) -> None:
    assert project_of(tmp_path).label == "nogit"
    git.Repo.init(tmp_path).close()
    assert project_of(tmp_path).label == "nogit"


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _data: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rundir, "write_json", full)
    message = f"^results directory {tmp_path}/target/ktstr: No space left on device; --results DIR "
    with pytest.raises(KtstrError, match=message):
        Staging(tmp_path, "one").open(CLEAN)
    assert list((tmp_path / "target/ktstr/.staging").iterdir()) == []
