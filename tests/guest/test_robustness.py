"""Runs that are killed, that share an empty cache, or that have no network."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ktstr import Ctx, ktstr_test

SUITE = """
from ktstr import ktstr_test, scenarios

@ktstr_test()
def one(ctx):
    scenarios.steady(ctx)

@ktstr_test()
def two(ctx):
    scenarios.steady(ctx)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's project, with a suite of two tests."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_suite.py").write_text(SUITE)
    return folder


def start(project: Path, *options: str, **environment: str) -> "subprocess.Popen[str]":
    """pytest over the project's suite, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.Popen(
        command,
        cwd=project,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def guests_of(project: Path) -> set[int]:
    """The processes whose command line names the project's folder and which are QEMU."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"-no-user-config" in command and str(project).encode() in command:
            found.add(int(entry.name))
    return found


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until `condition()` holds; a minute is far more than any of these need."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(f"waited in vain: {what}")


@ktstr_test()
def killed_run_leaves_no_guest(ctx: Ctx, project: Path) -> None:
    """SIGKILL to the controller of a parallel run, which gets no chance to clean up."""
    # Fresh, because a remembered result would need no guest.
    run = start(project, "-n", "2", "--fresh", "--kernel", ctx.kernel.version)
    try:
        wait_until(lambda: guests_of(project), "a guest to start")
    finally:
        run.send_signal(signal.SIGKILL)
        run.communicate()
    wait_until(lambda: not guests_of(project), "the guests to be gone")

    # The locks and partial files of the killed run are in nobody's way.
    again = start(project, "--kernel", ctx.kernel.version, "-k", "one")
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert "1 passed" in output
    assert list((project / "target/ktstr/history").rglob("*interrupted*")), "what it had done was lost"


@ktstr_test()
def two_runs_fill_one_empty_cache(ctx: Ctx, project: Path, tmp_path: Path) -> None:
    """Both need the kernel, the agent and the initramfs; each is fetched or built by one of them."""
    cache = str(tmp_path / "cache")
    series = ".".join(ctx.kernel.version.split(".")[:2])
    runs = [start(project, "--kernel", series, "-k", name, KTSTR_CACHE_DIR=cache) for name in ("one", "two")]
    for run in runs:
        output, _ = run.communicate()
        assert run.returncode == 0, output
        assert "1 passed" in output
    assert len([entry for entry in Path(cache, "kernels").iterdir() if entry.is_dir()]) == 1
    assert not list(Path(cache).rglob("*.partial"))
    assert not list(Path(cache).rglob("*.part"))


@ktstr_test()
def warm_cache_needs_no_network(ctx: Ctx, project: Path) -> None:
    """In a network namespace that has no interface up, nothing can be fetched."""
    namespace = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("unshare --net is not allowed here")
    command = [*namespace, sys.executable, "-m", "pytest", "--kernel", ctx.kernel.version, "-k", "one"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


@ktstr_test()
def empty_cache_without_network_says_so_in_a_line(ctx: Ctx, project: Path, tmp_path: Path) -> None:
    namespace = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("unshare --net is not allowed here")
    run = subprocess.run(
        [*namespace, sys.executable, "-m", "pytest", "--kernel", "7.0", "-k", "one"],
        cwd=project,
        env={**os.environ, "KTSTR_CACHE_DIR": str(tmp_path / "empty")},
        capture_output=True,
        text=True,
    )
    said = [line for line in (run.stdout + run.stderr).splitlines() if "not in the cache" in line]
    assert run.returncode == 2
    assert len(said) == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
