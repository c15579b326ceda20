"""What an interrupted or killed session leaves: its results, and none of its processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import plugin_project
import pytest
from interrupted import end
from plugin_project import OPTIONS, SUITE, Run, results, sidecars

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

SLOW = (
    "@ktstr_test()\ndef quick(ctx):\n    ctx.run()\n@ktstr_test()\ndef slow(ctx):\n    ctx.run(pause_s=600)\n"
)


FAILED = (
    "@ktstr_test()\ndef quick(ctx):\n    ctx.run()\n"
    "@ktstr_test()\ndef slow(ctx):\n    ctx.run(verdict='a worker starved', again_s=600)\n"
)


def started(
    pytester: pytest.Pytester,
    *command: str,
    functions: str = SLOW,
    file: str = "console.log",
    **environment: str,
) -> subprocess.Popen[str]:
    """A process in a session of its own that has finished the test `quick` and is in `slow`, which wrote `file`."""
    pytester.makepyfile(test_it=SUITE + functions)
    process = subprocess.Popen(
        command,
        cwd=pytester.path,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # If these tests run in the background, Ctrl-C is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("PASS"):
            break
    else:
        pytest.fail(said)
    until(
        lambda: any("slow" in str(path) for path in pytester.path.glob(f"target/ktstr/.staging/*/*/*/{file}"))
    )
    return process


def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`; a minute is more than anything here takes, however busy the host."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


PYTEST = (sys.executable, "-m", "pytest", *OPTIONS, "--kernel", "7.0")


def test_after_ctrl_c_finished_results_are_in_place(run: Run, pytester: pytest.Pytester) -> None:
    process = started(pytester, *PYTEST)
    end(process, signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2
    assert "target/ktstr/history/7.0.13-nogit/" in said
    assert list(sidecars(pytester)) == ["quick"]
    about = json.loads((pytester.path / "target/ktstr/7.0.13-nogit/run.json").read_text())
    assert about["status"] == "interrupted"


def test_the_next_run_keeps_the_results_of_a_killed_one(run: Run, pytester: pytest.Pytester) -> None:
    process = started(pytester, *PYTEST)
    process.kill()
    process.communicate()
    assert results(pytester) == set()
    result = run("", "--kernel", "7.0", "-k", "quick")
    (left,) = (pytester.path / "target/ktstr/history/7.0.13-nogit").glob("*-interrupted")
    assert left.name.endswith("Z-interrupted")
    assert list(sidecars(pytester, f"history/7.0.13-nogit/{left.name}")) == ["quick"]
    result.stdout.fnmatch_lines([f"killed run*target/ktstr/history/7.0.13-nogit/{left.name}"])


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_failure_outlives_a_session_that_is_killed_while_the_run_is_run_again(
    run: Run, pytester: pytest.Pytester, workers: str
) -> None:
    process = started(pytester, *PYTEST, workers, functions=FAILED, file="again.log")
    process.kill()
    process.communicate()
    until(lambda: members(process.pid) == [])
    run("", "--kernel", "7.0", "-k", "quick")
    (left,) = (pytester.path / "target/ktstr/history/7.0.13-nogit").glob("*-interrupted")
    kept = sidecars(pytester, f"history/7.0.13-nogit/{left.name}")
    assert {name: one["outcome"] for name, one in kept.items()} == {"quick": "passed", "slow": "failed"}
    assert kept["slow"]["message"] == "max_spread_pct: a worker starved"
    assert str(kept["slow"]["details"]).startswith(
        "BUG SUMMARY: a worker starved\n\n(The session ended while"
    )


def test_a_failure_outlives_ctrl_c_and_is_named(run: Run, pytester: pytest.Pytester) -> None:
    process = started(pytester, *PYTEST, functions=FAILED, file="again.log")
    end(process, signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 2
    assert {name: one["outcome"] for name, one in sidecars(pytester).items()} == {
        "quick": "passed",
        "slow": "failed",
    }
    pattern = (
        r"cut short +target/ktstr/history/7\.0\.13-nogit/\S+/slow-7\.0-\w+\.json: it had failed, and was"
    )
    assert re.search(pattern, said)
    about = json.loads((pytester.path / "target/ktstr/7.0.13-nogit/run.json").read_text())
    assert "tests" not in about  # what is short of a test would hide it from `ktstr runs`


def members(session: int) -> list[int]:
    """The live processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_a_killed_parent_takes_pytest_and_its_workers_along(run: Run, pytester: pytest.Pytester) -> None:
    command = ("sh", "-c", '"$@"; true', "sh", *PYTEST, "-n1")
    process = started(pytester, *command, KTSTR_DIE_WITH_PARENT="1")
    assert len(members(process.pid)) >= 3  # the shell, pytest, its worker
    process.kill()
    until(lambda: members(process.pid) == [])
    process.communicate()


def test_a_worker_that_is_killed_while_it_starts_is_one_line(pytester: pytest.Pytester) -> None:
    """xdist's own answer is a traceback, and status 3."""
    of_worker = "sys.stdin.readline()"  # how execnet starts one
    pytester.makepyfile(
        sitecustomize=f"import os\nif {of_worker!r} in open('/proc/self/cmdline').read(): os.kill(os.getpid(), 9)",
        test_it=SUITE + "@ktstr_test()\ndef quick(ctx):\n    ctx.run()\n",
    )
    ended = subprocess.run(
        [*PYTEST, "-n2"],
        cwd=pytester.path,
        env={**os.environ, "PYTHONPATH": f"{pytester.path}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2, said
    assert "ktstr: a worker process ended while it was started; was it killed, or the memory short?" in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
