"""What runs at the moment: what is said of it, how far its guest is, and that it is seen in a terminal and in a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import plugin_project
import pytest
from plugin_project import CONFTEST, OPTIONS, Run

from ktstr.plugin.live import Going, failed_line, log_line, remaining_s, status_line
from ktstr.plugin.stage import stage_of, stage_said, verdict_of
from ktstr.report.told import SHRINKING, VERDICT, tell

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture

SIX = [Going(name, 20.0 - at, "holds") for at, name in enumerate("fedcba")]


def test_those_that_began_first_are_named() -> None:
    assert log_line(SIX, 3, 9, None) == (
        "... 3 of 9 done; running: f holds, 20 s, e holds, 19 s, d holds, 18 s, c holds, 17 s and 2 more"
    )
    assert log_line(SIX[:1], 3, 9, 184.0) == "... 3 of 9 done, about 3 min left; running: f holds, 20 s"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (100, "3/9, about 40 s left: f holds 20 s, e holds 19 s, d holds 18 s, c holds 17 s, +2"),
        (80, "3/9, about 40 s left: f holds 20 s, e holds 19 s, d holds 18 s, c holds 17 s, +2"),
        (79, "3/9, about 40 s left: f holds 20 s, e holds 19 s, d holds 18 s, +3"),
        (39, "3/9, about 40 s left: f holds 20 s, +5"),
        (20, "3/9: f holds 20 s"),
        (10, "3/9:  hold"),
    ],
)
def test_a_line_of_a_terminal_says_what_its_width_holds(columns: int, line: str) -> None:
    assert status_line(SIX, 3, 9, 41.0, columns) == line


def test_a_long_name_gives_way_to_how_far_it_is() -> None:
    one = Going("a_test_with_a_long_name_and_parameters[seed7-smt-2llc]", 7.4, "attaches")
    assert status_line([one], 0, 2, 30.0, 39) == "0/2: a_test_with_a_long_na attaches 7 s"


@pytest.mark.parametrize(
    ("took", "at_once", "left"),
    [
        ({}, 1, None),
        ({"a": 10.0, "b": 20.0, "c": 30.0}, 1, 6.0 + 20.0 + 30.0),
        ({"a": 10.0, "b": 20.0, "c": 30.0}, 2, 28.0),
        ({"a": 10.0}, 1, 6.0 + 10.0 + 10.0),  # the others take as long as the known one
        ({"a": 1.0}, 1, 0.0 + 1.0 + 1.0),  # it takes longer than before
        ({"a": 1.0, "b": 0.1, "c": 0.1}, 1, None),  # and nothing else is to come
    ],
)
def test_what_is_left_is_estimated_by_what_tests_took_before(
    took: dict[str, float], at_once: int, left: float | None
) -> None:
    assert remaining_s({"a": 4.0}, ["b", "c"], took, at_once) == left


def events(*names: str) -> bytes:
    return "".join(f'{{"ev":"{name}","t":1}}\n' for name in names).encode()


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        (b"", "boots"),
        (events("boot", "cpu"), "boots"),
        (events("boot", "begin", "sched_start"), "attaches"),
        (events("begin", "sched_start") + b'{"ev":"sched_state","when":"attached"}\n', "holds"),
        (events("begin"), "holds"),  # the kernel's own scheduler
        (events("begin", "worker"), "reports"),
        (events("begin", "sched_start", "end"), "reports"),
    ],
)
def test_the_stage_is_read_from_what_the_guest_said(tmp_path: Path, said: bytes, stage: str) -> None:
    assert stage_said(said) == stage
    assert stage_of(tmp_path / "test") == "prepares"
    for number in (9, 10):  # the last run counts, not the last name
        (tmp_path / "test" / f"run-{number}").mkdir(parents=True)
        (tmp_path / "test" / f"run-{number}" / "events.jsonl").write_bytes(said if number == 10 else b"")
    assert stage_of(tmp_path / "test") == ("waits" if stage == "boots" else stage)
    (tmp_path / "test" / "run-10" / "files.cpio").touch()
    assert stage_of(tmp_path / "test") == stage


def test_a_long_report_is_not_read_whole(tmp_path: Path) -> None:
    folder = tmp_path / "run-1"
    folder.mkdir()
    log = b'{"ev":"sched_log","text":"' + b"x" * (1 << 20) + b'"}\n'
    (folder / "events.jsonl").write_bytes(events("begin", "sched_start") + log + events("end"))
    assert stage_of(tmp_path) == "reports"


def test_a_run_of_a_farm_waits_until_a_worker_begins_it(tmp_path: Path) -> None:
    run = tmp_path / "run-1"
    run.mkdir()
    (run / "events.jsonl").touch()
    assert stage_of(tmp_path) == "waits"
    (run / "host.txt").write_text("build-2\n")
    assert stage_of(tmp_path) == "runs on build-2"


def test_a_failed_run_is_told_while_it_is_run_again(tmp_path: Path) -> None:
    assert verdict_of(tmp_path / "test") == ""
    for number in (1, 2):
        folder = tmp_path / "test" / f"run-{number}"
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_bytes(events("begin", "end"))
    assert (stage_of(tmp_path / "test"), verdict_of(tmp_path / "test")) == ("reports", "")
    tell(folder / VERDICT, "ktstr-w3 did not run for 1200 ms")
    assert stage_of(tmp_path / "test") == "runs again"
    assert verdict_of(tmp_path / "test") == "ktstr-w3 did not run for 1200 ms"
    tell(folder / SHRINKING, "20 of 80 left, run 5")
    assert stage_of(tmp_path / "test") == "shrinks (20 of 80 left, run 5)"
    (tmp_path / "test" / "run-3").mkdir()  # a test that goes on after it
    assert (stage_of(tmp_path / "test"), verdict_of(tmp_path / "test")) == ("prepares", "")


def test_a_failure_and_its_shrinking_have_a_line_each() -> None:
    assert failed_line("smoke", 8.4, "a worker starved") == "... smoke FAILED after 8 s: a worker starved"
    one = Going("smoke", 30.2, "shrinks (20 of 80 left, run 5)")
    assert log_line([one], 1, 4, None) == (
        "... 1 of 4 done; running: smoke shrinks (20 of 80 left, run 5), 30 s"
    )
    assert status_line([one], 1, 4, None, 80) == "1/4: smoke shrinks (20 of 80 left, run 5) 30 s"


# The plugin

SLOW = "@ktstr_test(scheduler=ANY)\ndef slow(ctx):\n    print('of the test')\n    ctx.run(pause_s=1.5)\n"
FAST = f"{CONFTEST}\nimport ktstr.plugin.running\nktstr.plugin.running._EVERY_S = 0.2\n"


@pytest.mark.parametrize("workers", ["-n1", "-n0"])
def test_a_log_says_it_while_nothing_ends(run: Run, pytester: pytest.Pytester, workers: str) -> None:
    pytester.makeconftest(FAST)
    run(SLOW, workers, "--kernel", "7.0")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, workers, "--kernel", "7.0"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    said = [
        at
        for at, line in enumerate(lines)
        if re.match(r"\.\.\. 0 of 1 done.*; running: slow \w+, \d s$", line)
    ]
    (result,) = (at for at, line in enumerate(lines) if line.startswith("PASS"))
    (header,) = (at for at, line in enumerate(lines) if line.startswith("rootdir: "))
    assert said
    assert header < said[0] <= said[-1] < result
    assert "of the test" not in done.stdout
    assert "\x1b" not in done.stdout


FAILS = """
from pathlib import Path
import time
from ktstr.checks.verdict import VerdictFailed
from ktstr.report.told import SHRINKING, VERDICT, tell

@ktstr_test(scheduler=ANY)
def slow(ctx):
    folder = Path(ctx.artifacts) / "run-1"
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("")
    tell(folder / VERDICT, "a worker starved")
    tell(folder / SHRINKING, "3 of 8 left, run 2")
    time.sleep(1.5)
    raise VerdictFailed("BUG SUMMARY: a worker starved")
"""


@pytest.mark.parametrize("workers", ["-n1", "-n0"])
def test_a_failure_is_said_once_before_its_shrinking(
    run: Run, pytester: pytest.Pytester, workers: str
) -> None:
    pytester.makeconftest(FAST)
    run(FAILS, workers, "--kernel", "7.0")
    command = [sys.executable, "-m", "pytest", *OPTIONS, workers, "--kernel", "7.0"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    said = [line for line in lines if re.match(r"\.\.\. slow FAILED after \d s: a worker starved$", line)]
    shrinking = [line for line in lines if line.startswith("... 0 of 1 done")]
    (verdict,) = (line for line in lines if line.startswith("FAIL ["))
    assert len(said) == 1
    assert shrinking
    assert re.search(r"running: slow shrinks \(3 of 8 left, run 2\), \d s$", shrinking[-1])
    assert lines.index(said[0]) < lines.index(shrinking[-1]) < lines.index(verdict)


def in_terminal(columns: int, command: Sequence[str], **environment: str) -> str:
    """What a command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    settings = {**os.environ, "TERM": "xterm", "NO_COLOR": "1", **environment}
    for name in ("COLUMNS", "LINES", "CI", "BUILD_NUMBER"):
        settings.pop(name, None)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=settings) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            said += more
        os.close(ours)
        assert process.wait() == 0, said
    return said.decode()


@pytest.mark.parametrize("workers", ["-n1", "-n0"])
@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_shows_one_line_that_is_gone_afterwards(
    run: Run, pytester: pytest.Pytester, workers: str, columns: int
) -> None:
    pytester.makeconftest(FAST)
    run(SLOW, "--kernel", "7.0")
    said = in_terminal(columns, [sys.executable, "-m", "pytest", *OPTIONS, workers, "--kernel", "7.0"])
    drawn = re.findall(r"\r\x1b\[K(0/1[^\r\n\x1b]*)", said)
    assert drawn
    assert all(re.fullmatch(r"0/1.*: slow \w+ \d s", line) and len(line) < columns for line in drawn)
    assert "\r\x1b[KPASS [" in said, "the result has a line of its own"


@pytest.mark.parametrize("terminal", ["dumb", ""])
def test_a_terminal_that_cannot_draw_over_gets_lines(
    run: Run, pytester: pytest.Pytester, terminal: str
) -> None:
    pytester.makeconftest(FAST)
    run(SLOW, "--kernel", "7.0")
    said = in_terminal(80, [sys.executable, "-m", "pytest", *OPTIONS, "--kernel", "7.0"], TERM=terminal)
    assert "\x1b[K" not in said
    assert "\n... 0 of 1 done" in said
