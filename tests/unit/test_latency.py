"""Latency, from the guest's events: of tasks, cgroups, classes and phases."""

from __future__ import annotations

from typing import Any

from latency_data import latency_event, wasted_event
from report_data import MS

from ktstr.events.kinds import check_fields
from ktstr.events.latency import read_latency
from ktstr.events.phase import read_phases
from ktstr.report.latency import latency_lines

WORKERS: list[dict[str, Any]] = [
    {
        "ev": "worker",
        "index": index,
        "cgroup": cgroup,
        "kind": "spin_wait",
        "wall_ns": 1,
        "slept_ns": 0,
        "gap_ns": 0,
    }
    | {"iterations": 1, "migrations": 0, "cpus": "0"}
    for index, cgroup in ((0, "a"), (1, "a"), (2, "b"))
]
EVENTS: list[dict[str, Any]] = [
    {"ev": "sched_state", "state": "enabled", "switch_all": "1"},
    *WORKERS,
    latency_event(
        0, pid=50, woken=(MS, 2 * MS), wait=(MS, 2 * MS), run=(MS,), migrations=[3, 2, 1], llc_ns=[0, 5]
    ),
    latency_event(1, pid=51, woken=(4 * MS,), wait=(4 * MS, 5 * MS), policy=5, llc_ns=[7]),
    latency_event(2, pid=52, wait=(MS,), policy=1, idle_ns=5, idle_most_ns=4, idle_most_cpu=3),
    latency_event(pid=9, wait=(9 * MS,), kernel=1, waiting_ns=30 * MS),
    wasted_event(12),
]


def test_each_task_has_its_figures() -> None:
    latency = read_latency(EVENTS)
    assert latency is not None
    first = latency.worker(0)
    assert first is not None
    assert (first.cgroup, first.name, first.pid, first.policy) == ("a", "ktstr-w0", 50, "normal")
    assert (first.woken.count, first.woken.longest_ns, first.woken.total_ns) == (2, 2 * MS, 3 * MS)
    assert (first.moved_in_llc, first.moved_across_llcs, first.moved_across_nodes, first.moved) == (
        3,
        2,
        1,
        6,
    )
    assert first.llc_ns == (0, 5)
    assert latency.wasted_ns == 12
    other = latency.tasks[-1]
    assert (other.worker, other.kernel, other.longest_wait_ns) == (None, True, 30 * MS)


def test_a_cgroup_is_all_its_workers_together() -> None:
    latency = read_latency(EVENTS)
    assert latency is not None
    group = latency.cgroup("a")
    assert group is not None
    assert (group.waited.count, group.waited.total_ns, group.waited.longest_ns) == (4, 12 * MS, 5 * MS)
    assert group.llc_ns == (7, 5)
    assert latency.cgroup("c") is None


def test_a_class_is_by_policy_and_by_who_has_the_tasks() -> None:
    latency = read_latency(EVENTS)
    assert latency is not None
    assert [latency.class_of(task) for task in latency.tasks] == ["ext", "idle", "rt", "ext"]
    fair = read_latency(EVENTS[1:])
    assert fair is not None
    assert [fair.class_of(task) for task in fair.tasks] == ["fair", "idle", "rt", "fair"]
    several = fair.sched_class("fair")
    assert several is not None
    assert several.waited.count == 3
    assert fair.sched_class("deadline") is None


def test_several_phases_are_told_apart_and_added_up() -> None:
    phases = [
        {"ev": "phase", "name": "one"},
        *EVENTS,
        {"ev": "phase", "name": "two"},
        *WORKERS,
        latency_event(0, pid=50, woken=(8 * MS,), wait=(8 * MS,)),
    ]
    one, two = read_phases(phases)
    assert one.latency is not None
    assert two.latency is not None
    assert len(one.latency.tasks) == 4
    assert [task.woken.longest_ns for task in two.latency.tasks] == [8 * MS]
    both = read_latency(phases)
    assert both is not None
    first = both.worker(0)
    assert first is not None
    assert (first.woken.count, first.woken.longest_ns) == (3, 8 * MS)


def test_without_its_events_it_was_not_counted() -> None:
    assert read_latency(WORKERS) is None


def test_the_events_are_those_that_are_declared() -> None:
    for event in EVENTS[4:]:
        check_fields({"t": 1, **event})


def test_a_failure_shows_workers_and_who_waited_longest() -> None:
    (phase,) = read_phases([*EVENTS, {"ev": "hold", "began_ns": 1, "asked_ns": 1, "held_ns": 1}])
    lines = latency_lines([phase])
    assert [line.split()[0] for line in lines] == ["ms", "a/0", "a/1", "b/2", "kworker/0:1[9]"]
    assert lines[1].split()[1:] == [
        "2",
        "1.049",
        "2.000",
        "2.000",
        "2",
        "2.000",
        "2.000",
        "1",
        "1.000",
        "1.000",
        "6",
    ]
    assert "30.0" in lines[-1]
