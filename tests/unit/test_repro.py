"""A failed run, run again: when that reveals more, how it compares with the first, and how a failure shows it."""

from dataclasses import replace
from typing import Any

import pytest
from report_data import report

from ktstr.checks.verdict import RunReport
from ktstr.checks.violation import Violation
from ktstr.events.exit import SchedulerExit
from ktstr.events.flight import FAILED, FlightEvent
from ktstr.events.report import GuestReport
from ktstr.events.state import SchedulerState
from ktstr.report.failure import failure_text
from ktstr.report.repro import More, Repro
from ktstr.run.second import compare, more_of
from ktstr.vm.result import Ending, VmResult

STALL = SchedulerExit("stall", "runnable task stall", "w1[121] failed to run for 5.120s", status=3)
ERROR = SchedulerExit("scx_bpf_error", "scx_bpf_error", "mine: no queue 0x1f for CPU 2", status=3)
LEFT = SchedulerExit("program_killed", "unregistered from user space", signal=11)
GAP = Violation("max_gap_ms", "worker cg/0 wanted to run and did not for 9.0 ms, limit 5 ms")
WARNED = Violation("kernel_clean", "the kernel reported a bug (warning): ...")
OUT = Violation("attached", "the scheduler attached and then left")
CRASH = FlightEvent(1, 4_262_468_000, FAILED, "w3", 170, "w3[170] triggered exit kind 1025:")
EVENTS = ({"ev": "begin", "t": 1}, {"ev": "hold", "t": 9})


def ran(
    *violations: Violation,
    left: SchedulerExit | None = None,
    clock: str = "real",
    events: tuple[dict[str, Any], ...] = EVENTS,
    ending: Ending = Ending.DONE,
    **changes: Any,
) -> RunReport:
    result = VmResult(
        ending=ending,
        why="",
        events=events,
        console="",
        qemu_output="",
        command=(),
        accelerator="tcg",
        clock=clock,
        qemu_version="7.2.22",
        turn_ns=None,
        wall_s=1.0,
        start="clone",
    )
    return RunReport(violations, report(scheduler_exit=left, **changes), result)


# When


@pytest.mark.parametrize(
    ("failed", "clock", "more"),
    [
        (ran(OUT, left=STALL), "real", "flight recorder"),
        (ran(OUT, left=STALL), "virtual", None),  # it was on
        (ran(WARNED, left=STALL), "real", None),  # the exit was expected
        (ran(GAP), "virtual", "dump"),
        (ran(GAP), "real", "dump"),
        (ran(GAP, events=({"ev": "dump", "t": 9, "why": "asked"},)), "real", None),  # it has one
        (ran(GAP, ending=Ending.HANG), "virtual", None),
        (ran(OUT, states=(SchedulerState("attached", "disabled", "", 0, False),)), "real", None),
    ],
)
def test_a_run_is_repeated_if_that_reveals_more(failed: RunReport, clock: str, more: More | None) -> None:
    assert more_of(failed, clock) == more


# How it compares


@pytest.mark.parametrize(
    ("was", "now", "outcome"),
    [
        (STALL, replace(STALL, message="w1[7] failed to run for 6.001s"), "same"),
        (STALL, replace(STALL, message="kworker/0:1[7] failed to run for 6.001s"), "same_kind"),
        (ERROR, replace(ERROR, message="mine: no queue 0x20 for CPU 0"), "same"),
        (ERROR, replace(ERROR, message="mine: no task"), "same_kind"),
        (ERROR, replace(ERROR, status=None, signal=9), "same"),  # how its program takes it
        (ERROR, STALL, "other"),
        (LEFT, LEFT, "same"),
        (LEFT, replace(LEFT, signal=6), "same_kind"),
    ],
)
def test_exits_are_compared_without_their_numbers(
    was: SchedulerExit, now: SchedulerExit, outcome: str
) -> None:
    told = compare(ran(OUT, left=was), ran(OUT, left=now))
    assert told[0] == outcome
    assert told[1].endswith(now.line)


def test_a_crash_that_does_not_happen_again_is_reported() -> None:
    first = ran(OUT, left=STALL)
    assert compare(first, ran()) == ("passed", "it passed")
    assert compare(first, ran(GAP)) == ("other", f"it failed otherwise: max_gap_ms: {GAP.message}")


def test_a_scheduler_that_stays_fails_the_same_checks_or_others() -> None:
    slower = replace(GAP, message="worker cg/1 wanted to run and did not for 7.0 ms, limit 5 ms")
    assert compare(ran(GAP, GAP), ran(slower))[0] == "same"
    assert compare(ran(GAP), ran(Violation("not_stuck", "worker cg/0 did no work")))[0] == "other"
    assert compare(ran(GAP), ran(OUT, left=STALL))[0] == "other"


def test_with_the_virtual_clock_it_is_the_same_run_up_to_the_dump() -> None:
    first = ran(GAP, clock="virtual", events=(*EVENTS, {"ev": "end", "t": 12}))
    more = ({"ev": "dump", "t": 10}, {"ev": "dumped", "t": 40}, {"ev": "end", "t": 50})
    assert compare(first, ran(GAP, clock="virtual", events=(*EVENTS, *more)))[0] == "identical"
    other = ({"ev": "begin", "t": 1}, {"ev": "hold", "t": 8}, *more)
    assert compare(first, ran(GAP, clock="virtual", events=other))[0] == "same"


# In the text


def lines(repro: Repro, guest: GuestReport) -> list[str]:
    return failure_text("header", [OUT], guest, "", repro=repro).splitlines()


def test_a_failure_shows_the_second_run_and_its_flight_recorder() -> None:
    again = ran(OUT, left=STALL, flight=(CRASH,))
    repro = Repro("flight recorder", "same", f"the same exit: {STALL.line}", again)
    text = lines(repro, report(workers=(), log=()))
    assert text[3:6] == [
        "--- auto-repro ---",
        f"run again with the flight recorder: the same exit: {STALL.line}",
        "us before the exit, newest last",
    ]
    assert text[6] == "CPU 1, where it failed while w3[170] had the CPU"


def test_a_failure_says_that_it_could_not_be_run_again() -> None:
    text = lines(Repro("flight recorder", "undone", "it could not be: no QEMU"), report())
    assert "run again with the flight recorder: it could not be: no QEMU" in text


def test_a_second_run_equal_to_the_first_has_no_section() -> None:
    repro = Repro("dump", "identical", "the same run, event by event", ran(GAP))
    assert "--- auto-repro ---" not in lines(repro, report())


def test_the_sidecar_has_the_second_run() -> None:
    repro = Repro("flight recorder", "same", "the same exit: ...", ran(OUT, left=STALL), {"job": {}})
    assert repro.as_json() == {
        "more": "flight recorder",
        "outcome": "same",
        "told": "the same exit: ...",
        "run": {"job": {}},
    }
