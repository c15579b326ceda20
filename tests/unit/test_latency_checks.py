"""Checks of latency and of shares, each on both sides of its limit: who, the measured value and the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from latency_data import latency_event, wasted_event
from report_data import MS, report
from report_data import workers as some_workers

from ktstr import CgroupDef, Checks, Mixed, Scenario, SetBandwidth, SetWeight, Topology, Workers
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.weight import patience, task_weight
from ktstr.events.phase import Phase
from ktstr.scenario.layout import lay_out

HELD = 1000 * MS
SMALL = Topology(1, 1, 2, 1)
A = (CgroupDef("a", 2),)
QUIET = {"cgroup": "a", "wall_ns": HELD, "run_ns": 500 * MS, "gap_ns": 0, "slept_ns": 0}


def judged(
    check: str,
    limit: float,
    *events: dict[str, Any],
    parts: Sequence[Any] = A,
    changes: Sequence[dict[str, Any]] = (QUIET, QUIET),
) -> list[str]:
    """What the check says of a hold of a second with these events."""
    scenario = Scenario(tuple(parts), hold_s=1)
    of = Phase("", HELD, HELD, HELD, some_workers(*changes), ())
    named = [
        {"ev": "worker", "index": number, "cgroup": worker.cgroup} for number, worker in enumerate(of.workers)
    ]
    run = Evidence(
        replace(report(workers=of.workers), phases=(of,)),
        SMALL,
        scenario.cgroups,
        events=(*named, *events),
        layout=lay_out(scenario, SMALL, 1),
    )
    thresholds: dict[str, Any] = {check: limit}
    limits = Checks(**thresholds)
    return [one.line for one in judge(run, limits) if one.check == check]


def test_the_latest_wakeup_is_named_with_how_many_more_were_late() -> None:
    events = [latency_event(0, woken=(3 * MS,)), latency_event(1, woken=(9 * MS, MS))]
    assert judged("max_wake_latency_ms", 2, *events) == [
        "worker a/1 (spin_wait) ran 9.000 ms after it was woken, limit 2 ms (1 more workers were late)"
    ]
    assert judged("max_wake_latency_ms", 9, *events) == []


def test_of_a_hundred_wakeups_one_may_be_later() -> None:
    event = latency_event(0, woken=(*(MS,) * 100, 50 * MS))
    assert judged("max_wake_latency_p99_ms", 2, event) == []
    (line,) = judged("max_wake_latency_p99_ms", 1, event)
    assert line == "worker a/0 (spin_wait) ran within 1.049 ms after 99% of 101 wakeups, limit 1 ms"


def test_a_kernel_thread_that_waits_is_starved_while_it_still_waits_too() -> None:
    thread = latency_event(pid=17, wait=(5 * MS,), kernel=1, waiting_ns=1200 * MS)
    assert judged("max_task_wait_ms", 1000, thread) == [
        "kernel thread kworker/0:1[17] could run and waited 1200.0 ms for a CPU: starved, limit 1000 ms"
    ]
    assert judged("max_task_wait_ms", 1200, thread) == []


def test_lighter_tasks_may_wait_longer() -> None:
    light = latency_event(wait=(1200 * MS,), nice=10)
    assert judged("max_task_wait_ms", 1000, light) == []
    assert judged("max_task_wait_ms", 1000, latency_event(wait=(1200 * MS,), policy=5)) == []


def test_workers_are_not_other_tasks() -> None:
    assert judged("max_task_wait_ms", 1000, latency_event(0, wait=(1200 * MS,))) == []


IDLE = latency_event(1, wait=(30 * MS,), idle_ns=30 * MS, idle_most_ns=25 * MS, idle_most_cpu=1)


def test_a_cpu_that_was_idle_while_a_worker_waited_is_named() -> None:
    assert judged("max_idle_wait_ms", 20, IDLE) == [
        "CPU 1 was idle while worker a/1 (spin_wait), which may use it, waited: for 25.0 ms at a time, limit 20 ms"
    ]
    assert judged("max_idle_wait_ms", 25, IDLE) == []


def test_a_worker_may_also_wait_while_one_cpu_after_another_is_idle() -> None:
    one = latency_event(1, wait=(90 * MS,), any_idle_most_ns=80 * MS, any_idle_most_at_ns=2000 * MS)
    assert judged("max_idle_wait_ms", 40, one) == [
        "now one CPU and now another was idle while worker a/1 (spin_wait), which may use it, waited:"
        " for 80.0 ms at a time, limit 40 ms"
    ]
    assert judged("max_idle_wait_ms", 80, one) == []


def test_a_worker_that_was_woken_may_wait_less_long_beside_an_idle_cpu() -> None:
    one = latency_event(1, wait=(12 * MS,), woken_idle_most_ns=12 * MS, woken_idle_most_cpu=1)
    assert judged("max_idle_wake_ms", 8, one) == [
        "CPU 1 was idle while worker a/1 (spin_wait), which was woken and may use it, waited:"
        " for 12.0 ms at a time, limit 8 ms"
    ]
    assert judged("max_idle_wake_ms", 12, one) == []
    assert judged("max_idle_wait_ms", 8, one) == []


def test_a_worker_under_a_quota_waits_by_right() -> None:
    parts = (*A, SetBandwidth("a", 10, 20))
    assert judged("max_idle_wait_ms", 20, IDLE, parts=parts) == []
    assert judged("max_wasted_pct", 10, IDLE, wasted_event(900 * MS), parts=parts) == []


def test_time_that_was_wasted_is_a_part_of_all_cpus_time() -> None:
    assert judged("max_wasted_pct", 10, IDLE, wasted_event(300 * MS)) == [
        "CPUs were idle while tasks that may use them could run and waited: for 300 ms of the 2000 ms that they had"
        " (15.0%), limit 10%"
    ]
    assert judged("max_wasted_pct", 15, IDLE, wasted_event(300 * MS)) == []


def test_wakeups_that_take_unlike_times_are_uneven() -> None:
    one = latency_event(0, woken=[MS] * 9 + [11 * MS])
    assert judged("max_wake_latency_cv", 1.4, one) == [
        "worker a/0 (spin_wait) was woken unevenly: 10 wakeups took 2.000 ms on average and up to 11.000 ms,"
        " deviation by mean 1.47, limit 1.4"
    ]
    assert judged("max_wake_latency_cv", 1.6, one) == []
    assert judged("max_wake_latency_cv", 0.1, latency_event(0, woken=[MS] * 10)) == []


SLICED = (CgroupDef("a", groups=(Workers(1, slice_ms=1), Workers(1, slice_ms=50))),)


def sliced(short_ms: float, long_ms: float, *, wakeups: int = 20, ran_ms: int = 500) -> list[str]:
    """What is said of two workers that take so long to run after each wakeup; the first had `ran_ms` of CPU time."""
    woken = ([round(ms * MS)] * wakeups for ms in (short_ms, long_ms))
    events = (latency_event(number, woken=some) for number, some in enumerate(woken))
    changes = ({**QUIET, "run_ns": ran_ms * MS}, QUIET)
    return judged("max_slice_inversion_ms", 10, *events, parts=SLICED, changes=changes)


def test_who_asks_for_a_short_slice_does_not_wait_longer() -> None:
    assert sliced(14, 2) == [
        "cgroup a: slice inversion: 1 spin_wait with a slice of 1 ms ran 14.000 ms after a wakeup on average, and"
        " 1 spin_wait with a slice of 50 ms after 2.000 ms: 12.000 ms more, limit 10 ms"
    ]
    assert sliced(12, 2) == []
    assert sliced(2, 14) == []


def test_few_wakeups_say_nothing_of_slices_nor_do_those_of_who_used_more() -> None:
    assert sliced(14, 2, wakeups=19) == []
    assert sliced(14, 2, ran_ms=501) == []


def test_only_workers_that_differ_in_nothing_but_the_slice_are_compared() -> None:
    events = [latency_event(number, woken=[ms * MS] * 20) for number, ms in enumerate((14, 2))]
    for other in (Workers(1, slice_ms=50, nice=1), Workers(1, slice_ms=50, policy="batch"), Workers(1)):
        parts = (CgroupDef("a", groups=(Workers(1, slice_ms=1), other)),)
        assert judged("max_slice_inversion_ms", 10, *events, parts=parts) == []


def test_moves_are_counted_in_a_second() -> None:
    event = latency_event(0, migrations=[30, 8, 2], llc_ns=[70, 30])
    assert judged("max_migrations_per_s", 39, event) == [
        "worker a/0 (spin_wait) moved to another CPU 40 times a second: 30 times in an LLC, 8 across LLCs,"
        " 2 across nodes; limit 39"
    ]
    assert judged("max_migrations_per_s", 40, event) == []
    assert judged("max_llc_moves_per_s", 9, event) == [
        "worker a/0 (spin_wait) went to another LLC 10.0 times a second (2 of 10 times to another node), limit 9"
    ]
    assert judged("max_llc_moves_per_s", 10, event) == []
    assert judged("max_node_moves_per_s", 1, event) == [
        "worker a/0 (spin_wait) went to another NUMA node 2.0 times a second (2 of its 40 moves), limit 1"
    ]
    assert judged("max_node_moves_per_s", 2, event) == []
    assert judged("min_llc_share_pct", 71, event) == [
        "worker a/0 (spin_wait) had only 70.0% of its CPU time on one LLC (LLC 0, where it was longest), limit 71%"
    ]
    assert judged("min_llc_share_pct", 70, event) == []


def test_work_is_counted_in_a_second() -> None:
    changes = [QUIET | {"iterations": 900}, QUIET | {"iterations": 1100}]
    assert judged("min_work_per_s", 1000, changes=changes) == [
        "worker a/0 (spin_wait) did 900 chunks of work a second, limit 1000"
    ]
    assert judged("min_work_per_s", 900, changes=changes) == []
    assert judged("max_rate_spread_pct", 9, changes=changes) == [
        "cgroup a: the work of 2 workers varies by 10.0%: worker a/0 (spin_wait) did 900 chunks a second and"
        " worker a/1 (spin_wait) 1100, limit 9%"
    ]
    assert judged("max_rate_spread_pct", 10, changes=changes) == []


def ran(cgroup: str, *run_ms: int, kind: str = "spin_wait") -> list[dict[str, Any]]:
    """Workers of a cgroup that had a CPU for so long."""
    return [QUIET | {"cgroup": cgroup, "run_ns": one * MS, "kind": kind} for one in run_ms]


IDLERS = (CgroupDef("n", 3), CgroupDef("i", 2, policy="idle"))


def test_who_gets_less_than_any_way_of_dividing_gives_is_found() -> None:
    changes = [*ran("n", 190, 190, 190), *ran("i", 715, 715)]
    assert judged("max_share_error", 15, parts=IDLERS, changes=changes) == [
        "cgroup n (3 spin_wait, policy normal) got 28.5% of the CPU time, but at least 50.0% is due to it: error 21.5"
        " points, limit 15; cgroup i (2 spin_wait, policy idle) got 71.5%"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        [*ran("n", 333, 333, 333), *ran("i", 500, 500)],  # by cgroups
        [*ran("n", 663, 664, 663), *ran("i", 5, 5)],  # by tasks
        [*ran("n", 400, 400, 400), *ran("i", 400, 400)],  # in equal parts
    ],
)
def test_each_way_of_dividing_is_right(changes: list[dict[str, Any]]) -> None:
    assert judged("max_share_error", 15, parts=IDLERS, changes=changes) == []


def test_weights_of_cgroups_count() -> None:
    parts = (CgroupDef("n", 2), CgroupDef("i", 2), SetWeight("n", 300))
    changes = [*ran("n", 750, 750), *ran("i", 250, 250)]
    assert judged("max_share_error", 1, parts=parts, changes=changes) == []


def test_who_yields_may_get_less_but_not_half_of_its_due() -> None:
    parts = (CgroupDef("n", 2), CgroupDef("y", 2, work=Mixed(burst_ms=1)))
    fair = [*ran("n", 740, 740), *ran("y", 260, 260, kind="mixed")]
    assert judged("max_share_error", 15, parts=parts, changes=fair) == []
    charged = [*ran("n", 760, 760), *ran("y", 240, 240, kind="mixed")]
    (line,) = judged("max_share_error", 15, parts=parts, changes=charged)
    assert line.startswith("cgroup y (2 mixed, policy normal) got 24.0% of the CPU time, but at least 50.0%")


@pytest.mark.parametrize(("stopped_ms", "found"), [(50, 1), (51, 0)])
def test_who_was_stopped_for_long_is_not_compared(stopped_ms: int, found: int) -> None:
    changes = [*ran("n", 20, 20, 20), *ran("i", 970, 970)]
    changes[-1]["stopped_ns"] = stopped_ms * MS
    assert len(judged("max_share_error", 15, parts=IDLERS, changes=changes)) == found


def test_with_a_cpu_for_each_nobody_competes() -> None:
    parts = (CgroupDef("n", 1), CgroupDef("i", 1))
    assert judged("max_share_error", 1, parts=parts, changes=[*ran("n", 990), *ran("i", 100)]) == []


def test_nice_values_count_if_a_test_asks() -> None:
    parts = (CgroupDef("a", groups=(Workers(2), Workers(2, nice=5, group="l"))),)
    equal = ran("a", 500, 500, 500, 500)
    assert judged("max_nice_error", 15, parts=parts, changes=equal) == [
        "cgroup a (2 spin_wait, policy normal) got 50.0% of the cgroup's CPU time, but 75.3% is its due by weight:"
        " error 25.3 points, limit 15"
    ]
    assert judged("max_nice_error", 15, parts=parts, changes=ran("a", 753, 753, 247, 247)) == []


def test_a_gap_of_a_light_worker_is_longer_by_right() -> None:
    parts = (CgroupDef("a", 1), CgroupDef("i", 1, policy="idle"))
    gap = {"gap_ns": 1500 * MS}
    changes = [QUIET, QUIET | {"cgroup": "i"} | gap]
    assert judged("max_gap_ms", 1000, parts=parts, changes=changes) == []
    changes = [QUIET | gap, QUIET | {"cgroup": "i"} | gap]
    (line,) = judged("max_gap_ms", 1000, parts=parts, changes=changes)
    assert line == "worker a/0 (spin_wait) wanted to run and did not for 1500.0 ms, limit 1000 ms"


def test_several_gaps_are_one_line() -> None:
    changes = [QUIET | {"gap_ns": 20 * MS}, QUIET | {"gap_ns": 30 * MS}]
    assert judged("max_gap_ms", 10, changes=changes) == [
        "worker a/1 (spin_wait) wanted to run and did not for 30.0 ms, limit 10 ms"
        " (1 more workers did not for longer than they may)"
    ]


def test_weights_are_the_kernels() -> None:
    assert [task_weight("normal", nice) for nice in (-20, 0, 19)] == [88761, 1024, 15]
    assert task_weight("idle", 0) == 3
    assert (patience("normal", -5), patience("normal", 0), round(patience("normal", 5), 2)) == (1, 1, 3.06)
