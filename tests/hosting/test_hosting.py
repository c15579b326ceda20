"""A scheduler's project outside this repository, which knows only the wheel, in its own environment."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from action_runner import Runner
from outside import ROOT, environment, outside, run
from users import USERS, Guests, as_user, python_for_all

pytest_plugins = "installed"

PROJECT = Path(__file__).with_name("project")
FIXTURE = ROOT / "tests" / "schedulers" / "fixture.bpf.c"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A scheduler: a `.bpf.c`, a program in C, a Makefile."""
    return Path(shutil.copytree(PROJECT, tmp_path / "scx_tiny"))


def test_installing_runs_no_compiler_and_makes_no_cache(installed: Path, tmp_path: Path) -> None:
    """Only the verb that needs a tool asks for it: on a machine without any, the others work."""
    cache = tmp_path / "cache"
    bare = {"PATH": str(installed), "KTSTR_CACHE_DIR": str(cache)}
    assert "kernel-list" in run(installed / "ktstr", "-l", cwd=tmp_path, **bare)
    assert "no kernel in the cache" in run(installed / "ktstr", "kernel-list", cwd=tmp_path, **bare)
    assert {path.name for path in cache.glob("*")} <= {"kernels"}
    doctor = subprocess.run(
        [installed / "ktstr", "doctor"], env=bare, capture_output=True, text=True, check=False
    )
    assert doctor.returncode == 2, doctor.stdout + doctor.stderr
    assert "To install what is missing: " in doctor.stdout
    missing = {line.split()[0] for line in doctor.stdout.splitlines() if "missing" in line}
    assert missing, doctor.stdout


def test_a_project_has_tests_and_a_sweep(installed: Path, project: Path) -> None:
    run(installed / "ktstr", "init", cwd=project)
    tested = run(installed / "ktstr", "test", "--kernel", "7.0", "-n", "1", cwd=project)
    assert re.search(r"^kernel 7\.0\.\d+ +3 passed", tested, re.MULTILINE), tested
    assert re.search(r"^PASS .* smoke .* scx_tiny( \(remembered\))?$", tested, re.MULTILINE), tested
    swept = run(
        *(installed / "ktstr", "verifier", "--kernel", "7.0", "--preset", "tiny-1llc"),
        cwd=project,
    )
    assert "tiny_enqueue" in swept


def test_projects_of_a_user_share_what_was_done_and_do_not_disturb_each_other(
    installed: Path, project: Path
) -> None:
    """The cache is the user's: two work at once, and a guest that ran for one is remembered for its copy."""
    run(installed / "ktstr", "init", cwd=project)
    run("make", "scx_tiny", cwd=project)
    other, third = (Path(shutil.copytree(project, project.with_name(name))) for name in ("other", "third"))
    smoke = (installed / "ktstr", "test", "--kernel", "7.0", "-n", "1", "-k", "smoke")
    with ThreadPoolExecutor() as pool:
        for printed in pool.map(lambda folder: run(*smoke, "--fresh", cwd=folder), (project, other)):
            assert re.search(r"^VMs +. booted, 1 cloned, 0 remembered", printed, re.MULTILINE), printed
            assert "1 passed" in printed
    for folder in (project, other):
        assert len(list(folder.glob("target/ktstr/7.0.*/smoke-*.json"))) == 1
    again = run(*smoke, cwd=third)
    assert re.search(r"^VMs +0 booted, 0 cloned, 1 remembered", again, re.MULTILINE), again


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all may enter, which tmp_path is not."""
    with tempfile.TemporaryDirectory(prefix="ktstr-users-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start processes of other users")
def test_two_users_of_a_machine_do_not_disturb_each_other(wheel: Path, open_folder: Path) -> None:
    """Each user has separate caches and results; both share one core, and so run one guest at a time."""
    installed = environment(
        open_folder / "environment", shutil.copy(wheel, open_folder), python=python_for_all(open_folder)
    )
    homes = [open_folder / str(user) for user in USERS]
    for user, home in zip(USERS, homes, strict=True):
        project = home / "tiny"
        project.mkdir(parents=True)
        shutil.copy(FIXTURE, project / "tiny.bpf.c")
        run(installed / "ktstr", "init", "--bpf", "tiny.bpf.c", cwd=project)
        run("chown", "-R", f"{user}:{user}", home, cwd=open_folder)
        home.chmod(0o700)
    command = (installed / "ktstr", "test", "--kernel", "7.0", "-n", "1")
    unset = dict.fromkeys(("KTSTR_CACHE_DIR", "KTSTR_CORES_DIR", "XDG_CACHE_HOME"), "")
    guests = Guests()
    guests.start()
    try:
        sessions = [
            as_user(user, *command, cwd=home / "tiny", HOME=str(home), **unset)
            for user, home in zip(USERS, homes, strict=True)
        ]
        said = [session.communicate()[0] for session in sessions]
    finally:
        guests.over.set()
        guests.join()
    for session, text in zip(sessions, said, strict=True):
        assert session.returncode == 0, text
        assert re.search(r"^VMs +[123] booted, 3 cloned, 0 remembered", text, re.MULTILINE), text
        assert "without sharing cores" not in text
    assert guests.most == 1
    assert all(len(seen) >= 3 for seen in guests.seen.values())
    for user, home in zip(USERS, homes, strict=True):
        kinds = {path.name for path in (home / ".cache" / "ktstr").iterdir()}
        assert {"kernels", "templates", "results"} <= kinds
        assert {path.lstat().st_uid for path in home.rglob("*")} == {user}
        assert len(list(home.glob("tiny/target/ktstr/7.0.*/*.json"))) >= 3
    counted = [path.stat() for path in Path("/run/lock").glob("ktstr-cores-*.lock")]
    assert all(stat.S_IMODE(file.st_mode) == 0o444 and file.st_size == 0 for file in counted)


def test_without_ktstr_tests_skip_and_the_build_is_untouched(
    installed: Path, project: Path, tmp_path: Path
) -> None:
    run(installed / "ktstr", "init", cwd=project)
    plain = environment(tmp_path / "plain", "pytest")
    done = subprocess.run(
        [plain / "python", "-m", "pytest", "-rs"], cwd=project, env=outside(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout  # the starter has a test that is skipped there, so there is one
    assert "could not import 'ktstr'" in done.stdout
    run("make", "scx_tiny", cwd=project)
    assert (project / "scx_tiny").is_file()


FAILS = """

@ktstr_test(scheduler=SCHEDULER)
def lazy(ctx: Ctx) -> None:
    report = ctx.run()
    assert report.workers, "nobody worked"
"""


def test_the_action_reports_and_its_cache_serves_the_next_run(
    installed: Path, wheel: Path, project: Path, tmp_path: Path
) -> None:
    run(installed / "ktstr", "init", cwd=project)
    suite = project / "tests" / "test_scx_tiny.py"
    suite.write_text(suite.read_text() + FAILS)
    line = suite.read_text().splitlines().index('    assert report.workers, "nobody worked"') + 1
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.org")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "Start")):
        run(*git, *command, cwd=project)

    def job(run_id: str, **settings: str) -> Runner:
        """A new machine, where everything has the same path as on the one before it, as on GitHub."""
        for name in ("checkout", "machine"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
        run("git", "clone", "-q", project, checkout, cwd=tmp_path)
        settings = {**outside(), **settings}
        settings.pop("KTSTR_CACHE_DIR", None)
        return Runner(tmp_path / "machine", tmp_path / "service", run_id, settings)

    def made() -> set[str]:
        """What has been fetched, built and booted."""
        cache = tmp_path / "machine" / "home" / ".cache" / "ktstr"
        kinds = ("build", "kernels", "downloads", "templates", "initramfs")
        return {path.name for kind in kinds for path in (cache / kind).iterdir() if path.name[0] != "."}

    checkout = tmp_path / "checkout"
    inputs = {"kernel": "7.0", "shard": "1/1", "args": "-n1 -k 'smoke or lazy'"}
    action = checkout / ".github" / "actions" / "ktstr" / "action.yml"
    assert action.with_name(wheel.name).name in run("git", "ls-files", cwd=project)

    first = job("1").run(action, checkout, inputs)
    assert first.failed
    assert [re.sub(r"7\.0\.\d+", "7.0.N", one) for one in first.annotations] == [
        f"::error file=tests/test_scx_tiny.py,line={line},title=FAIL lazy on 7.0.N 1n2l4c1t scx_tiny"
        "::AssertionError: nobody worked"
    ], first.log
    assert re.search(r"\| 7\.0\.\d+ \| 1 passed, 1 failed \|", first.summary)
    assert (first.outputs["artifact"], first.outputs["results"]) == ("ktstr-7.0-1_1", "./target/ktstr")
    uploaded = tmp_path / "service" / "artifacts" / "1" / "ktstr-7.0-1_1"
    assert len(list(uploaded.glob("7.0.*-*/junit.xml"))) == 1
    assert first.restored == []
    assert [key.split("-")[1] for key in first.saved] == ["guests", "results"]

    before = made()
    assert before
    # A mirror that cannot be reached: all that it takes is in the cache.
    second = job("2", KTSTR_DEBIAN_MIRROR="http://127.0.0.1:9/debian").run(action, checkout, inputs)
    assert [key.split("-")[1] for key in second.restored] == ["guests", "results"]
    assert re.search(r"^VMs +0 booted, 0 cloned, 2 remembered", second.log, re.MULTILINE), second.log
    assert made() == before
    assert second.annotations == first.annotations
