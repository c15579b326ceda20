"""A project's build, run by a declaration: once a session, where, and what its failure looks like."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ktstr import KtstrError, Scheduler, declare_scheduler
from ktstr.declare import scheduler
from ktstr.kernel.model import Kernel
from ktstr.run.program import scheduler_program
from ktstr.toolchain import project as build
from ktstr.toolchain.project import BuildFailed, build_folder, run_once

KERNEL = Kernel("k", "7.0.13", "7.0.13", "none", Path("/none"), "ab" * 32, Path("/none"), True)
COUNTS = ("sh", "-c", "echo built >>log")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project's folder; this process is a session that has built nothing yet."""
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    monkeypatch.setattr(build, "_done", {})
    monkeypatch.setattr(scheduler, "_registry", {})
    build._session.cache_clear()
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def built(project: Path) -> int:
    return len((project / "log").read_text().splitlines())


def test_a_session_builds_once(project: Path) -> None:
    run_once(COUNTS, project)
    run_once(COUNTS, project)
    assert built(project) == 1


def test_another_session_builds_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_once(COUNTS, project)
    monkeypatch.setattr(build, "_done", {})
    build._session.cache_clear()
    run_once(COUNTS, project)
    assert built(project) == 2


def test_processes_of_one_session_build_once(project: Path) -> None:
    code = (
        "from pathlib import Path; from ktstr.toolchain.project import run_once;"
        f" run_once({COUNTS!r}, Path({str(project)!r}))"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTEST_XDIST_TESTRUNUID": "one"})
        for _ in range(3)
    ]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert built(project) == 1


def test_a_killed_build_is_done_again(project: Path) -> None:
    run_once(COUNTS, project)
    (record,) = (project.parent / "cache" / "project-builds").glob("*.json")
    record.write_text(record.read_text()[:20])
    build._done.clear()
    run_once(COUNTS, project)
    assert built(project) == 2


def test_a_failure_is_reported_once_with_the_builds_own_output(project: Path) -> None:
    command = ("sh", "-c", "echo mine.c:3: error: no; echo stop >&2; exit 2")
    with pytest.raises(BuildFailed) as first:
        run_once(command, project)
    head, *rest = str(first.value).splitlines()
    assert head.startswith("build \"sh -c 'echo mine.c:3")
    assert f" in {project} ended with status 2: mine.c:3: error: no (full log: " in head
    assert rest == ["mine.c:3: error: no", "stop"]
    with pytest.raises(BuildFailed) as second:
        run_once(command, project)
    assert str(second.value) == head


def test_a_missing_build_command_is_reported(project: Path) -> None:
    with pytest.raises(BuildFailed, match=f"^build 'nomake all' in {project}: No such file or directory$"):
        run_once(("nomake", "all"), project)


def test_only_the_end_of_a_long_failure_is_shown(project: Path) -> None:
    with pytest.raises(BuildFailed) as failure:
        run_once(("sh", "-c", "seq 100; exit 1"), project)
    lines = str(failure.value).splitlines()
    assert (lines[1], lines[2], lines[-1]) == ("... 40 earlier lines", "41", "100")


@pytest.mark.parametrize("mark", ["Makefile", "Cargo.toml", "meson.build"])
def test_it_runs_in_the_top_folder_of_the_project(project: Path, mark: str) -> None:
    (project / mark).touch()
    tests = project / "tests" / "more"
    tests.mkdir(parents=True)
    assert build_folder(str(tests / "test_mine.py")) == project


def test_the_program_is_searched_for_where_it_was_built(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "Makefile").write_text("build/scx_mine:\n\tmkdir -p build\n\tcp /bin/sh $@\n")
    monkeypatch.chdir(project.parent)
    mine = Scheduler("mine", binary="scx_mine", build=("make",), declared_in=str(project / "test_mine.py"))
    program = scheduler_program(mine, KERNEL, ())
    assert program.command == ("/ktstr/bin/scx_mine",)
    assert program.files[0].source == project / "build" / "scx_mine"


def test_a_failed_build_does_not_fall_back_to_an_earlier_one(project: Path) -> None:
    (project / "Makefile").write_text("all:\n\t@echo cc: no; exit 1\n")
    (project / "scx_mine").symlink_to("/bin/sh")
    mine = Scheduler("mine", binary="scx_mine", build=("make",), declared_in=str(project / "test_mine.py"))
    with pytest.raises(BuildFailed, match=r"^scheduler mine: build 'make' in .*\n(?s:.*)cc: no\n"):
        scheduler_program(mine, KERNEL, ())


def test_a_declaration_takes_text_or_words() -> None:
    text = declare_scheduler("text", binary="scx_mine", build="cargo build --release -p 'scx mine'")
    words = declare_scheduler("words", binary="scx_mine", build=["sh", "-c", "a && b"])
    assert text.build == ("cargo", "build", "--release", "-p", "scx mine")
    assert words.build == ("sh", "-c", "a && b")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a && b", "is run without a shell; name a script"),
        ("make 'all", "No closing quotation"),
        ("", "names no program"),
        ([], "names no program"),
        (3, "must be a list of strings"),
    ],
)
def test_an_invalid_command_is_refused(value: str, told: str) -> None:
    with pytest.raises(KtstrError, match=rf"scheduler 'mine': build=.*: {told}"):
        declare_scheduler("mine", binary="scx_mine", build=value)


def test_a_build_without_a_program_is_refused() -> None:
    with pytest.raises(KtstrError, match="build: only for a scheduler with binary, binary_path or bpf"):
        declare_scheduler("mine", build="make")
