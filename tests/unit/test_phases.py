"""The phases of a run: read from events, judged each by itself, and shown."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from report_data import MS, WORKER, report
from report_data import workers as some_workers
from test_steps import SMALL, Confine, Remove

from ktstr import At, CgroupDef, Checks, KtstrError, Phase, RunReport, Scenario, Step, Violation
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.misuse import mistake_of_test
from ktstr.checks.scheduler_out import scheduler_out
from ktstr.checks.thresholds import DEFAULT_CHECKS
from ktstr.declare.scheduler import EEVDF, Scheduler
from ktstr.events.event import Event
from ktstr.events.phase import OperationDone
from ktstr.events.report import read_report
from ktstr.events.state import SchedulerState
from ktstr.report.phases import stats_lines
from ktstr.scenario.layout import lay_out

S = 1_000_000_000


def worker(index: int = 0, **change: Any) -> Event:
    event: Event = {
        "ev": "worker",
        "index": index,
        "cgroup": "a",
        "kind": "spin_wait",
        "pid": 100 + index,
        "wall_ns": 500 * MS,
        "run_ns": 400 * MS,
        "wait_ns": 90 * MS,
        "ext": 1,
        "iterations": 1000,
        "migrations": 1,
        "gap_ns": 4 * MS,
        "slept_ns": 0,
        "gaps": [0, 3, 1],
        "cpus": "0",
    }
    return event | change


def op(name: str, words: str, t: int, **change: Any) -> Event:
    return {"ev": "op", "name": name, "words": words, "began_ns": t - 5, "t": t, **change}


def hold(began_ns: int, held_ns: int, asked_ns: int | None = None) -> Event:
    return {"ev": "hold", "began_ns": began_ns, "asked_ns": asked_ns or held_ns, "held_ns": held_ns}


EVENTS: tuple[Event, ...] = (
    {"ev": "begin", "t": 1 * S},
    op("cgroup", "a -", 2 * S),
    {"ev": "phase", "name": "one", "t": 2 * S},
    hold(3 * S, 500 * MS),
    worker(0),
    {"ev": "perturbed", "cpu": 0, "at_ns": 100, "ns": 5, "began_ns": 110},
    {"ev": "phase", "name": "two", "t": 3 * S},
    op("confine", "a 1", 3 * S + 5),
    op(
        "remove",
        "a",
        4 * S + 200 * MS + 5,
        at_ns=200 * MS,
        errno=16,
        error="Device or resource busy",
        what="rmdir",
    ),
    hold(4 * S, 300 * MS, 1 * S),
    worker(0, wall_ns=300 * MS, gap_ns=9 * MS, gap_at_ns=4 * S + 250 * MS, cpus="2", gaps=[1, 0, 0]),
    worker(1, ended=1, stopped_ns=50 * MS),
    {"ev": "perturbed", "cpu": 0, "at_ns": 7, "ns": 5},
)
REPORT = read_report(EVENTS)


# Reading


def test_a_phase_has_its_own_workers_and_operations() -> None:
    one, two = REPORT.phases
    assert [(phase.name, phase.began_ns, phase.held_ns, phase.asked_ns) for phase in (one, two)] == [
        ("one", 3 * S, 500 * MS, 500 * MS),
        ("two", 4 * S, 300 * MS, 1 * S),
    ]
    assert [worker.index for worker in one.workers] == [0]
    assert [(worker.index, worker.ended, worker.stopped_ns) for worker in two.workers] == [
        (0, False, 0),
        (1, True, 50 * MS),
    ]
    assert [done.line for done in two.operations] == [
        "confine a 1",
        "remove a: the kernel refused it: Device or resource busy (rmdir)",
    ]
    assert two.operations[1].due_ns == 200 * MS
    assert [done.line for done in REPORT.backdrop] == ["cgroup a -"]
    assert [done.name for done in REPORT.operations] == ["cgroup", "confine", "remove"]


def test_the_workers_of_a_run_are_those_of_all_phases_summed() -> None:
    first, second = REPORT.workers
    assert (first.wall_ns, first.iterations, first.migrations) == (800 * MS, 2000, 2)
    assert (first.gap_ns, first.gap_at_ns, first.cpus, first.gaps) == (
        9 * MS,
        4 * S + 250 * MS,
        (0, 2),
        (1, 3, 1),
    )
    assert second.ended
    assert (REPORT.held_ns, REPORT.asked_ns) == (800 * MS, 1500 * MS)


def test_a_scenario_without_steps_has_one_phase_without_a_name() -> None:
    events = [event for event in EVENTS[:6] if event["ev"] != "phase"]
    static = read_report(events)
    (phase,) = static.phases
    assert (phase.name, phase.held_ns, phase.workers) == ("", 500 * MS, static.workers)
    assert [done.name for done in phase.operations] == ["cgroup"]
    assert static.backdrop == ()


def test_perturbations_count_their_time_over_all_holds() -> None:
    assert [(one.at_ns, one.began_ns) for one in REPORT.perturbed] == [(100, 110), (500 * MS + 7, None)]


def test_a_phase_whose_hold_never_ended_began_when_its_step_did() -> None:
    guest = read_report([*EVENTS, {"ev": "phase", "name": "three", "t": 6 * S}, op("confine", "a 1", 7 * S)])
    last = guest.phases[-1]
    assert (last.name, last.began_ns, last.held_ns, last.workers) == ("three", 6 * S, 0, ())
    assert "step three: its hold never ended" in stats_lines(guest)
    run = Evidence(guest, SMALL, events=tuple(EVENTS))
    assert [part.phase.name for part in run.by_phase() if part.phase] == ["one", "two"]
    names = [run.phase_at(at_ns) for at_ns in (1 * S, 3 * S + 1, 5 * S, 7 * S, None)]
    assert [phase.name for phase in names if phase] == ["one", "one", "two", "three", "three"]


def test_a_phase_is_found_by_its_name() -> None:
    run = RunReport((), REPORT, None)  # type: ignore[arg-type]
    assert run.phase("two") is run.phases[1]
    with pytest.raises(
        KtstrError, match=r"^report\.phase\('x'\): there is no such phase; there are one, two$"
    ):
        run.phase("x")


# Judging


def judged(events: Sequence[Event], scenario: Scenario, **checks: Any) -> list[Violation]:
    limits = Checks(**checks).over(DEFAULT_CHECKS)
    run = Evidence(
        read_report(events),
        SMALL,
        scenario.cgroups,
        sched_ext=False,
        events=tuple(events),
        layout=lay_out(scenario, SMALL, 1.0),
    )
    return judge(run, limits)


TWO = Scenario(
    (CgroupDef("a", 1, cpuset=None), Confine("a", 0)),
    steps=(Step("one", hold=0.5), Step("two", CgroupDef("b", 1), At(0.2, Confine("a", 1)), hold=1)),
)


def test_a_violation_is_of_a_phase_and_has_its_time() -> None:
    assert judged(EVENTS, TWO, max_gap_ms=5) == [
        Violation(
            "isolation",
            "worker a/0 (spin_wait) ran on CPU 2, outside its cpuset 0-1",
            "two",
            4 * S + 300 * MS,
            300 * MS,
        ),
        Violation(
            "max_gap_ms",
            "worker a/0 (spin_wait) wanted to run and did not for 9.0 ms, limit 5 ms",
            "two",
            4 * S + 250 * MS,
            250 * MS,
            victim=0,
        ),
    ]


def test_what_was_allowed_in_one_phase_is_not_in_another() -> None:
    swapped = [dict(event) for event in EVENTS]
    swapped[4]["cpus"] = "1"
    swapped[10]["cpus"] = "1"
    assert [(one.check, one.phase) for one in judged(swapped, TWO)] == [("isolation", "one")]


def test_a_message_says_where_it_was() -> None:
    where = Violation("c", "m", "two", 4 * S, 250 * MS)
    assert where.line == "m (in step two, at 0.250 s)"
    assert Violation("c", "m", "two", 4 * S, -1).line == "m (at the start of step two)"
    assert Violation("c", "m", at_ns=4).line == "m"


def phase(*changes: dict[str, Any], held_ms: int = 500) -> Evidence:
    of = Phase("s", 1, held_ms * MS, held_ms * MS, some_workers(*changes), ())
    return Evidence(report(workers=of.workers, phases=(of,)), SMALL, (CgroupDef("cg"),))


def checked(run: Evidence) -> list[str]:
    return [one.check for one in judge(run, DEFAULT_CHECKS)]


def test_a_worker_that_had_no_time_to_work_in_a_step_is_not_stuck() -> None:
    idle = {"iterations": 0, "run_ns": 0, "gap_ns": 0}
    assert checked(phase({**idle, "wall_ns": 500 * MS})) == ["not_stuck"]
    assert checked(phase({**idle, "wall_ns": 500 * MS, "stopped_ns": 450 * MS})) == []
    assert checked(phase({**idle, "wall_ns": 20 * MS})) == []


@pytest.mark.parametrize(
    "change",
    [{"stopped_ns": 1 * MS}, {"ended": True}, {"wall_ns": 300 * MS, "run_ns": 10 * MS}],
    ids=str,
)
def test_only_workers_that_were_the_same_all_through_a_step_are_compared(change: dict[str, Any]) -> None:
    waited = {"wall_ns": 500 * MS, "run_ns": 100 * MS}
    all_along = {"wall_ns": 500 * MS, "run_ns": 490 * MS}
    assert checked(phase(all_along, waited)) == ["max_spread_pct"]
    assert checked(phase(all_along, {**waited, **change})) == []


def test_shares_of_a_short_step_are_too_coarse_to_be_compared() -> None:
    short = {"wall_ns": 100 * MS, "run_ns": 90 * MS}
    assert checked(phase(short, {**short, "run_ns": 10 * MS}, held_ms=100)) == []


def test_shares_are_not_compared_if_something_changes_meanwhile() -> None:
    """Two workers of one cgroup; in the middle of the hold another cgroup loses its CPUs, or nothing does."""
    workers = some_workers(*({"cgroup": "a", "wall_ns": 500 * MS, "run_ns": ran * MS} for ran in (490, 100)))
    of = Phase("s", 1, 500 * MS, 500 * MS, workers, ())
    for part, found in ((At(0.1, Confine("b", 1)), []), (Confine("b", 1), ["max_spread_pct"])):
        scenario = Scenario((CgroupDef("a", 2), CgroupDef("b", 1)), steps=(Step("s", part, hold=0.5),))
        layout = lay_out(scenario, SMALL, 1)
        run = Evidence(report(workers=workers, phases=(of,)), SMALL, scenario.cgroups, layout=layout)
        assert checked(run) == found


def test_what_the_kernels_own_scheduler_did_is_not_the_fault_of_one_that_is_not_attached() -> None:
    """One worker of two gets nothing, before the scheduler is attached or with it."""
    workers = some_workers(*({"cgroup": "a", "wall_ns": 500 * MS, "run_ns": ran * MS} for ran in (490, 100)))
    of = Phase("s", 1, 500 * MS, 500 * MS, workers, ())
    scenario = Scenario(
        (CgroupDef("a", 2),), steps=(Step("s", hold=0.5, attached=False), Step("with", hold=0.5))
    )
    for scheduler, found in (("-", []), (None, ["max_spread_pct"])):
        layout = lay_out(scenario, SMALL, 1, scheduler=scheduler)
        layout = replace(layout, phases=layout.phases[:1])
        run = Evidence(
            report(workers=workers, phases=(of,)),
            SMALL,
            scenario.cgroups,
            sched_ext=scheduler is not None,
            layout=layout,
        )
        assert checked(run) == found


# Refused operations

REFUSED = OperationDone("remove", "a", 1, 2, errno=errno.ENOMEM, error="Cannot allocate memory", what="rmdir")
SCENARIO = Scenario((CgroupDef("a", 1),), steps=(Step("s", Remove("a")),))
MINE = Scheduler("mine", binary="mine")


def with_operation(done: OperationDone, *, sched_ext: bool = True) -> list[Violation]:
    of = Phase("s", 10, 500 * MS, 500 * MS, (), (done,))
    run = Evidence(
        report(workers=(), phases=(of,)), SMALL, sched_ext=sched_ext, layout=lay_out(SCENARIO, SMALL, 1)
    )
    return judge(run, DEFAULT_CHECKS)


def mistake(scheduler: Scheduler, done: OperationDone) -> str | None:
    of = Phase("s", 10, 500 * MS, 500 * MS, (), (done,))
    return mistake_of_test(scheduler, report(phases=(of,)), layout=lay_out(SCENARIO, SMALL, 1))


def test_an_operation_that_the_scheduler_refuses_is_its_fault() -> None:
    (violation,) = with_operation(REFUSED)
    assert (violation.check, violation.message) == (
        "operations",
        "the scheduler's cgroup_exit refused an operation: remove a: the kernel refused it:"
        " Cannot allocate memory (rmdir)",
    )
    assert mistake(MINE, REFUSED) is None


@pytest.mark.parametrize(("scheduler", "number"), [(EEVDF, errno.ENOMEM), (MINE, errno.EBUSY)], ids=str)
def test_any_other_refusal_says_nothing_about_the_scheduler(scheduler: Scheduler, number: int) -> None:
    done = OperationDone("remove", "a", 1, 2, errno=number, error="Broken", what="rmdir")
    assert mistake(scheduler, done) == "step s: remove a: the kernel refused it: Broken (rmdir)"
    assert with_operation(done, sched_ext=scheduler is MINE) == []


# Showing


def test_the_stats_of_steps_are_a_table_for_each_with_its_operations() -> None:
    lines = stats_lines(REPORT)
    assert lines[0] == "step one: held 0.50 s"
    assert "step two: held 0.30 of 1 s" in lines
    at = lines.index("step two: held 0.30 of 1 s")
    assert lines[at + 1 : at + 3] == [
        "  confine a 1",
        "  at 0.200 s remove a: the kernel refused it: Device or resource busy (rmdir)",
    ]
    assert stats_lines(report(workers=(WORKER,)))[1].startswith("cg/0")


def test_a_time_since_the_hold_began_and_one_since_the_scheduler_attached_agree() -> None:
    """A stall of 5 s before a hold of which 0.05 s have passed."""
    states = (
        SchedulerState("attached", "enabled", "mine", 1, True, at_ns=2 * S),
        SchedulerState("held", "disabled", "", 1, False),
    )
    late = Phase("", 7 * S, 50 * MS, 2 * S, (), ())
    text = scheduler_out(report(states=states, phases=(late,), exit=None, log=("stalled",)))
    assert text is not None
    assert text.startswith(
        "the scheduler attached and then left after 0.05 of 2.00 guest seconds of the hold, 5.05 in all"
    )
    soon = Phase("", 2 * S + 20 * MS, 50 * MS, 2 * S, (), ())
    assert "after 0.05 of 2.00 guest seconds (" in str(
        scheduler_out(report(states=states, phases=(soon,), exit=None, log=("stalled",)))
    )
