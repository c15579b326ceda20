"""Monitor(...): what it accepts, and the line of the plan that it is."""

from __future__ import annotations

from typing import Any

import pytest

from ktstr import CgroupDef, KtstrError, Monitor, Scenario, Topology, ktstr_test
from ktstr.declare.test import record_of
from ktstr.scenario.plan import plan_of, scenario_plan

ONE = Topology(1, 1, 1, 1)
COUNTERS = "file=/sys/kernel/sched_ext/root/events=event"


def test_it_is_one_line_before_the_scheduler() -> None:
    plan = scenario_plan(
        Scenario((CgroupDef("cg"),), hold_s=1),
        ONE,
        scheduler=["/ktstr/bin/mine"],
        monitor=Monitor(period_ms=20),
    )
    assert plan.splitlines()[:2] == [f"monitor 20000000 {COUNTERS}", "scheduler 30000000000 /ktstr/bin/mine"]
    assert "monitor" not in scenario_plan(Scenario((CgroupDef("cg"),), hold_s=1), ONE)


def test_what_is_chosen_is_read_besides() -> None:
    monitor = Monitor(
        variables=("nr_queued", "stats:[0].enqueued"),
        cgroup_files=("cg_0/cpu.stat",),
        pressure=("cpu",),
        stats=True,
    )
    assert plan_of([monitor], ONE) == (
        f"monitor 100000000 {COUNTERS} variable=nr_queued variable=stats:[0].enqueued"
        " file=/proc/pressure/cpu=pressure.cpu file=cg_0/cpu.stat=cg_0/cpu.stat stats=/var/run/scx/root/stats\n"
    )


@pytest.mark.parametrize(
    "variable", ["x", "cfg.limits[2]", ".data.mine:limit", "stats:[0]", "stats:[3].a.b[1]", ".bss:x"]
)
def test_a_path_in_c_is_accepted(variable: str) -> None:
    assert Monitor(variables=(variable,)).variables == (variable,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"period_ms": 0.5}, "Monitor: period_ms=0.5: must be 1 or more"),
        ({"period_ms": "fast"}, "Monitor: period_ms='fast': must be milliseconds, from 0.001 to an hour"),
        (
            {"variables": ["a b"]},
            "Monitor: variables: 'a b': must be a path in C, such as 'nr_queued', or a map",
        ),
        ({"variables": [""]}, "Monitor: variables: '': must be a path in C"),
        ({"variables": "nr"}, "Monitor: variables='nr': "),
        ({"variables": ["x"] * 65}, "Monitor: variables: 65 of them: at most 64"),
        (
            {"cgroup_files": ["/etc/passwd"]},
            "Monitor: cgroup_files: '/etc/passwd': must be a cgroup and its file",
        ),
        ({"pressure": ["disk"]}, "Monitor: pressure: 'disk': must be one of cpu, io, irq, memory"),
        ({"stats": 1}, "Monitor: stats=1: must be True or False"),
    ],
)
def test_a_wrong_value_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(KtstrError) as refused:
        Monitor(**given)
    assert str(refused.value).startswith(message)


def test_a_run_has_a_bounded_number_of_samples() -> None:
    with pytest.raises(KtstrError, match=r"^Monitor: period_ms=1: 20 s have 20000 samples: at most 16384$"):
        scenario_plan(Scenario((CgroupDef("cg"),), hold_s=20), ONE, monitor=Monitor(period_ms=1))


def test_a_test_declares_it() -> None:
    @ktstr_test(monitor=Monitor(period_ms=10), allow_inconclusive=True)
    def depths(ctx: object) -> None: ...

    record = record_of(depths)
    assert record is not None
    assert (record.monitor, record.allow_inconclusive) == (Monitor(period_ms=10), True)
    with pytest.raises(KtstrError, match=r"monitor=10: must be Monitor\(...\)$"):
        ktstr_test(monitor=10)(lambda ctx: None)  # type: ignore[arg-type]
    with pytest.raises(KtstrError, match=r"allow_inconclusive=1: must be True or False$"):
        ktstr_test(allow_inconclusive=1)(lambda ctx: None)  # type: ignore[arg-type]


def test_it_is_given_to_the_test_and_not_among_the_parts() -> None:
    with pytest.raises(KtstrError, match="monitor"):
        Scenario((Monitor(),))
