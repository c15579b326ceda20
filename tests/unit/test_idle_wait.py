"""The check `max_idle_wait_pct`: a CPU that was idle while a worker that may use it waited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from latency_data import latency_event
from report_data import MS, report
from report_data import workers as some_workers

from ktstr import At, CgroupDef, Checks, CpuOffline, Cpuset, Scenario, SetWeight, Step, Topology
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.offline import while_offline
from ktstr.events.idle import Idle, read_idle
from ktstr.events.phase import Phase
from ktstr.scenario.layout import lay_out

SMALL = Topology(1, 1, 3, 1)
HELD = 1000 * MS
WAITS = {"cgroup": "a", "wall_ns": HELD, "run_ns": 200 * MS, "gap_ns": 0}
BUSY = {"cgroup": "a", "wall_ns": HELD, "run_ns": 990 * MS}


def idle_event(*idle_ms: int, before_ms: int = 0, after_ms: int = 0) -> dict[str, Any]:
    """An `idle` event of that many CPUs, of a hold that began at 1 s."""
    return {
        "ev": "idle",
        "from_ns": HELD - before_ms * MS,
        "until_ns": 2 * HELD + after_ms * MS,
        "cpus": list(range(len(idle_ms))),
        "idle_ns": [one * MS for one in idle_ms],
    }


def judged(
    event: dict[str, Any],
    *changes: dict[str, Any],
    parts: Sequence[CgroupDef] = (),
    step: Step | None = None,
    latency: dict[str, Any] | None = None,
) -> list[str]:
    """What the check says of workers of the cgroup `a`, in a hold of a second or in a step."""
    parts = parts or (CgroupDef("a", len(changes)),)
    scenario = Scenario(tuple(parts), steps=(step,)) if step else Scenario(tuple(parts), hold_s=1)
    of = Phase(step.name if step else "", HELD, HELD, HELD, some_workers(*changes), ())
    run = Evidence(
        replace(report(workers=of.workers), phases=(of,)),
        SMALL,
        scenario.cgroups,
        events=(event,) if latency is None else (event, latency),
        layout=lay_out(scenario, SMALL, 1),
    )
    limits = Checks(max_spread_pct=False, max_inversion_pct=False)
    return [one.message for one in judge(run, limits) if one.check == "max_idle_wait_pct"]


def test_a_worker_that_waits_while_a_cpu_is_idle_is_named_with_that_cpu() -> None:
    assert judged(idle_event(0, 0, 900), WAITS, BUSY) == [
        "CPU 2 was idle while worker a/0 (spin_wait) waited: for at least 690 ms of the 1000 ms that a/0"
        " wanted to run (69%), limit 50%"
    ]


def test_a_cpu_was_idle_no_longer_than_there_was_time() -> None:
    slept = {**WAITS, "run_ns": 20 * MS, "slept_ns": 980 * MS}
    assert judged(idle_event(1130, 560), slept) == []


def test_the_one_that_waited_longest_stands_for_all() -> None:
    (message,) = judged(idle_event(0, 1000), {**WAITS, "run_ns": 300 * MS}, WAITS)
    assert message.startswith("CPU 1 was idle while worker a/1 (spin_wait) and 1 more waited")


@pytest.mark.parametrize(
    ("event", "parts"),
    [
        (idle_event(600, 600, 600), ()),  # all of it may have been while the worker ran or did not want to
        (idle_event(0, 0, 900, before_ms=200), ()),  # it may have been before the hold
        (idle_event(0, 0, 900, after_ms=200), ()),
        (idle_event(0, 0, 900), (CgroupDef("a", 1, cpuset=Cpuset.exact({0, 1})),)),
        (idle_event(0, 0, 900), (CgroupDef("a", 1, quota_ms=10, period_ms=100),)),
        (idle_event(0, 0, 900), (CgroupDef("a", 1, policy="fifo"),)),
    ],
    ids=["half idle", "before", "after", "not allowed", "throttled", "real time"],
)
def test_what_says_nothing_about_the_scheduler_is_passed_over(
    event: dict[str, Any], parts: Sequence[CgroupDef]
) -> None:
    assert judged(event, WAITS, parts=parts) == []


def test_the_share_is_of_the_time_that_it_wanted_to_run() -> None:
    sleeper = {"cgroup": "a", "wall_ns": HELD, "slept_ns": 500 * MS, "run_ns": 100 * MS, "gap_ns": 0}
    (message,) = judged(idle_event(0, 980), sleeper)
    assert "370 ms of the 500 ms that a/0 wanted to run (74%)" in message


def test_one_long_wait_is_what_max_gap_ms_is_about() -> None:
    assert judged(idle_event(0, 0, 900), {**WAITS, "gap_ns": 700 * MS}) == []


def test_a_step_in_whose_hold_something_changes_is_not_judged() -> None:
    assert judged(idle_event(0, 0, 900), WAITS, step=Step("s", hold=1))
    assert not judged(idle_event(0, 0, 900), WAITS, step=Step("s", At(0.5, SetWeight("a", 50)), hold=1))


def test_an_event_that_was_cut_says_less() -> None:
    event = {**idle_event(10, 20, 30), "idle_ns": [10 * MS, 20 * MS]}
    assert read_idle([event]) == Idle(HELD, 2 * HELD, {0: 10 * MS, 1: 20 * MS})
    assert read_idle([]) is None


def test_a_message_says_which_cpus_were_offline() -> None:
    scenario = Scenario((CgroupDef("a", 1),), steps=(Step("less", CpuOffline(1), hold=1),))
    run = Evidence(report(), SMALL, layout=lay_out(scenario, SMALL, 1))
    assert while_offline(run) == " while CPU 1 was offline"
    several = Evidence(
        report(), SMALL, layout=lay_out(Scenario((), hold_s=1), SMALL, 1, online=frozenset({0}))
    )
    assert while_offline(several) == " while CPU 1-2 were offline"
    assert while_offline(Evidence(report(), SMALL)) == ""


def test_who_waits_for_the_end_of_a_child_does_not_wait_for_a_cpu() -> None:
    assert len(judged(idle_event(0, 0, 900), WAITS, latency=latency_event(0, wait=(750 * MS,)))) == 1
    assert judged(idle_event(0, 0, 900), WAITS, latency=latency_event(0, wait=(600 * MS,))) == []
