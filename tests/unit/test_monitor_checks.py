"""Checks of what the monitor sampled: each is violated by some samples and passed by others, and needs enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from monitor_data import MS, sampled
from report_data import report

from ktstr import CgroupDef, Checks, KtstrError, Monitor, Sustained, Topology
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge, unsettled
from ktstr.events.monitor import read_samples
from ktstr.events.phase import Phase
from ktstr.report.monitor import monitor_lines
from ktstr.run.refuse import refuse_unknown_variables, refuse_without_monitor

COUNTERS = tuple(
    f"event SCX_EV_{name}"
    for name in (
        "SELECT_CPU_FALLBACK",
        "DISPATCH_KEEP_LAST",
        "ENQ_SKIP_EXITING",
        "ENQ_SKIP_MIGRATION_DISABLED",
    )
)
CALM = [{"running": [1, 1], "local": [0, 0], "switches": [at, at], "values": [0, 0, 0, 0]} for at in range(6)]


def evidence(*samples: dict[str, Any]) -> Evidence:
    """A healthy run with these samples."""
    monitor = read_samples(sampled(*samples, columns=COUNTERS))
    phase = Phase("", 0, 100 * MS, 100 * MS, (), ())
    return Evidence(
        report=report(monitor=monitor, phases=(phase,)),
        topology=Topology(1, 1, 2, 1),
        cgroups=(CgroupDef("cg"),),
    )


def violations(*samples: dict[str, Any], **checks: Any) -> list[tuple[str, int | None]]:
    found = judge(evidence(*samples), Checks(**checks))
    return [(one.message, one.at_ns) for one in found if one.check in checks]


def changed(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Calm samples, each with its change."""
    return [{**calm, **change} for calm, change in zip(CALM, changes, strict=True)]


LIMITS: list[dict[str, Any]] = [
    {"max_imbalance_ratio": 2},
    {"max_local_dsq_depth": 2},
    {"max_stall_ms": 15},
    {"max_fallback_rate": 50},
    {"max_keep_last_rate": 50},
    {"max_enq_skip_rate": 50},
]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_calm_run_violates_none(limit: dict[str, Any]) -> None:
    assert violations(*CALM, **limit) == []


@pytest.mark.parametrize("limit", LIMITS)
def test_too_few_samples_are_neither_a_violation_nor_a_pass(limit: dict[str, Any]) -> None:
    run = evidence(*CALM[:4])
    name = next(iter(limit))
    assert [one for one in judge(run, Checks(**limit)) if one.check in limit] == []
    assert unsettled(run, Checks(**limit)) == (
        f"{name}: 4 samples, 5 are needed: a shorter period_ms or a longer hold gives more",
    )
    assert unsettled(evidence(*CALM), Checks(**limit)) == ()


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ({"max_fallback_rate": 1}, "the kernel does not count SCX_EV_SELECT_CPU_FALLBACK"),
        (
            {"max_enq_skip_rate": 1},
            "the kernel does not count SCX_EV_ENQ_SKIP_EXITING and SCX_EV_ENQ_SKIP_MIGRATION_DISABLED",
        ),
        ({"max_local_dsq_depth": 1}, "the kernel has no local DSQs"),
    ],
)
def test_what_the_kernel_does_not_have_cannot_be_judged(limit: dict[str, Any], why: str) -> None:
    run = evidence()
    monitor = read_samples(sampled(*[{"switches": [0, 0]}] * 6))
    run = replace(run, report=replace(run.report, monitor=monitor))
    assert [one for one in judge(run, Checks(**limit)) if one.check in limit] == []
    assert unsettled(run, Checks(**limit)) == (f"{next(iter(limit))}: {why}",)


def test_a_check_that_is_off_is_not_inconclusive() -> None:
    assert unsettled(evidence(), Checks()) == ()


def test_an_imbalance() -> None:
    samples = changed({}, {"running": [3, 0]}, {"running": [4, 0]}, {}, {}, {})
    assert violations(*samples, max_imbalance_ratio=2) == [
        (
            "CPU 0 had 3 runnable tasks and CPU 1 had 0: 3.0 times as many for 10 ms, limit 2",
            20 * MS,
        )
    ]
    assert violations(*samples, max_imbalance_ratio=Sustained(2, for_ms=20)) == []


def test_a_deep_local_dsq() -> None:
    samples = changed({}, {"local": [0, 3]}, {"local": [0, 3]}, {"local": [0, 4]}, {}, {})
    assert violations(*samples, max_local_dsq_depth=2) == [
        ("3 tasks waited in the local DSQ of CPU 1 for 20 ms, limit 2", 20 * MS)
    ]
    assert violations(*samples, max_local_dsq_depth=Sustained(2, for_ms=20)) == [
        ("3 tasks waited in the local DSQ of CPU 1 for 20 ms, limit 2 for 20 ms", 20 * MS)
    ]
    assert violations(*samples, max_local_dsq_depth=Sustained(2, for_ms=21)) == []


def test_a_stall() -> None:
    stuck = {"running": [1, 2], "switches": [9, 5]}
    samples = changed({}, stuck, stuck, stuck, {}, {})
    assert violations(*samples, max_stall_ms=15) == [
        (
            "CPU 1 made no context switch for 20 ms while several tasks were runnable on it, limit 15 ms",
            20 * MS,
        )
    ]
    alone = [{**one, "running": [1, 1]} for one in samples]
    assert violations(*alone, max_stall_ms=15) == []


@pytest.mark.parametrize(
    ("check", "values", "what"),
    [
        (
            "max_fallback_rate",
            [1, 0, 0, 0],
            "the kernel chose a CPU because the scheduler's own choice could not be used",
        ),
        ("max_keep_last_rate", [0, 1, 0, 0], "a task went on only because the scheduler dispatched no other"),
        ("max_enq_skip_rate", [0, 0, 0.5, 0.5], "tasks were put past the scheduler"),
    ],
)
def test_a_counter_that_counts_too_fast(check: str, values: list[float], what: str) -> None:
    samples = [
        {**calm, "values": [int(2 * at * value) for value in values]}
        for calm, at in zip(CALM, (0, 0, 1, 3, 3, 3), strict=True)
    ]
    assert violations(*samples, **{check: 150}) == [
        (f"{what} up to 400 times a second for 10 ms, limit 150", 30 * MS)
    ]
    assert violations(*samples, **{check: 400}) == []


def test_a_check_of_samples_needs_a_monitor() -> None:
    with pytest.raises(KtstrError, match=r"^checks: max_stall_ms=9: needs monitor=Monitor\(...\)$"):
        refuse_without_monitor(Checks(max_stall_ms=9), None)
    refuse_without_monitor(Checks(max_stall_ms=9), Monitor())
    refuse_without_monitor(Checks(), None)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("much", "must be tasks, 0 or more, or False for off, or Sustained(tasks, for_ms=...)"),
        (Sustained(-1), "limit=-1: must be tasks, 0 or more, or False for off"),
        (Sustained(1, for_ms=-1), "for_ms=-1: must be guest milliseconds, 0 or more, or False for off"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(value: Any, message: str) -> None:
    with pytest.raises(KtstrError) as refused:
        Checks(max_local_dsq_depth=value)
    assert str(refused.value).endswith(message)


def test_an_unknown_variable_is_named() -> None:
    lacks = {"ev": "monitor_lacks", "name": "nr_x", "why": "the scheduler has no such variable in .bss"}
    with pytest.raises(
        KtstrError, match=r"^t: Monitor: variables: 'nr_x': the scheduler has no such variable in .bss$"
    ):
        refuse_unknown_variables("t", [lacks])


def test_the_failure_shows_samples_only_where_they_matter() -> None:
    run = evidence(*changed({}, {"running": [3, 0]}, {}, {}, {}, {}))
    found = judge(run, Checks(max_imbalance_ratio=2))
    lines = monitor_lines(run.report, found)
    assert lines[0] == "sampled every 10 ms"
    assert [line.split()[0] for line in lines[1:]] == [
        "runnable",
        "idle_cpus",
        "queued",
        "cpu0.runnable",
        "cpu1.runnable",
    ]
    assert monitor_lines(run.report, [one for one in found if one.check != "max_imbalance_ratio"]) == []
