"""Scenarios: cpusets, cgroups and work types, and the plan that describes them to the agent."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr import Bursty, CgroupDef, Cpuset, KtstrError, Mixed, SpinWait, Topology, YieldHeavy, scenarios
from ktstr.base.values import shown
from ktstr.scenario.cpuset import usable_cpus
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario

SMALL = Topology(1, 2, 4, 1)


def plan(
    *cgroups: CgroupDef,
    scheduler: Sequence[str] = (),
    sysctls: Mapping[str, str] = MappingProxyType({}),
) -> str:
    return scenario_plan(Scenario(cgroups, hold_s=2), SMALL, sysctls=sysctls, scheduler=scheduler)


def test_maps_are_dumped_once_the_hold_is_over() -> None:
    text = scenario_plan(Scenario(hold_s=2, dump=True), SMALL, scheduler=("/mine",))
    assert text.splitlines()[1:] == ["hold 2000000000", "dump"]
    assert "dump" not in plan(scheduler=("/mine",))


# Cpusets


@pytest.mark.parametrize(
    ("cpuset", "topology", "cpus"),
    [
        (Cpuset.llc(0), "1n2l4c1t", {0, 1, 2, 3}),
        (Cpuset.llc(1), "1n2l4c1t", {4, 5, 6}),
        (Cpuset.numa(1), "2n4l2c1t", {4, 5, 6}),
        (Cpuset.exact({7, 0}), "1n2l4c1t", {0, 7}),
        (Cpuset.exact(range(2)), "1n2l4c1t", {0, 1}),
        (Cpuset.disjoint(0, 2), "1n2l4c1t", {0, 1, 2}),
        (Cpuset.disjoint(1, 2), "1n2l4c1t", {3, 4, 5, 6}),
        (Cpuset.disjoint(1, 2), "1n1l2c1t", {1}),
        (Cpuset.llc(2), "1n3l1c1t", {2}),
    ],
)
def test_a_cpuset_means_cpus_of_a_topology(cpuset: Cpuset, topology: str, cpus: set[int]) -> None:
    assert cpuset.cpus(Topology.parse(topology)) == cpus


@pytest.mark.parametrize(("topology", "count"), [("1n1l1c1t", 1), ("1n1l2c1t", 2), ("1n1l3c1t", 2)])
def test_the_last_cpu_of_three_or_more_is_left_to_the_root_cgroup(topology: str, count: int) -> None:
    assert usable_cpus(Topology.parse(topology)) == set(range(count))


@given(st.integers(1, 7))
def test_disjoint_parts_are_all_usable_cpus(parts: int) -> None:
    members = [Cpuset.disjoint(index, parts).cpus(SMALL) for index in range(parts)]
    assert sorted(cpu for part in members for cpu in part) == sorted(usable_cpus(SMALL))


@pytest.mark.parametrize(
    ("cpuset", "message"),
    [
        (Cpuset.llc(2), "cgroup cg: cpuset llc(2): topology 1n2l4c1t has 2, numbered from 0"),
        (Cpuset.numa(1), "cgroup cg: cpuset numa(1): topology 1n2l4c1t has 1, numbered from 0"),
        (Cpuset.exact([8]), "cgroup cg: cpuset exact(8): topology 1n2l4c1t has no CPU 8"),
        (Cpuset.disjoint(0, 9), "cgroup cg: cpuset disjoint(0, 9): means no CPU on topology 1n2l4c1t"),
    ],
)
def test_a_cpuset_without_cpus_is_refused_by_cgroup(cpuset: Cpuset, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}$"):
        plan(CgroupDef("cg", cpuset=cpuset))


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (Cpuset.llc, [-1]),
        (Cpuset.llc, ["0"]),
        (Cpuset.llc, [None]),
        (Cpuset.numa, [True]),
        (Cpuset.numa, [10**5000]),
        (Cpuset.exact, [()]),
        (Cpuset.exact, [3]),
        (Cpuset.exact, ["0-3"]),
        (Cpuset.exact, [["0"]]),
        (Cpuset.exact, [[0, -1]]),
        (Cpuset.exact, [None]),
        (Cpuset.disjoint, [2, 2]),
        (Cpuset.disjoint, [-1, 2]),
        (Cpuset.disjoint, [0, 0]),
        (Cpuset.disjoint, [0.5, 2]),
    ],
    ids=shown,
)
def test_a_cpuset_of_other_values_is_refused(make: Any, arguments: list[Any]) -> None:
    with pytest.raises(KtstrError, match=r"^cpuset "):
        make(*arguments)


# Cgroups and work types


def test_a_cgroup_has_a_worker_for_each_of_its_cpus_by_default() -> None:
    assert CgroupDef("cg").worker_count(SMALL) == 8
    assert CgroupDef("cg", cpuset=Cpuset.llc(1)).worker_count(SMALL) == 3
    assert CgroupDef("cg", workers=5, cpuset=Cpuset.llc(1)).worker_count(SMALL) == 5
    assert CgroupDef("cg").worker_count(SMALL, frozenset({0, 1, 2})) == 3
    assert CgroupDef("cg", cpuset=Cpuset.llc(1)).worker_count(SMALL, frozenset({0})) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a//b"),
        ("name", "/a"),
        ("name", "a/.."),
        ("weight", 0),
        ("quota_ms", 0.5),
        ("period_ms", 1001),
        ("idle", 1),
        ("pids_max", -1),
        ("memory_max", "1M"),
        ("name", ".."),
        ("name", "a b"),
        ("name", "a" * 64),
        ("name", None),
        ("name", "cgroup.procs"),
        ("workers", 0),
        ("workers", True),
        ("workers", 4097),
        ("workers", 10**5000),
        ("workers", "2"),
        ("cpuset", {0, 1}),
        ("cpuset", "0-3"),
        ("work", SpinWait),
        ("work", "spin_wait"),
        ("policy", "deadline"),
        ("policy", None),
    ],
    ids=shown,
)
def test_a_cgroup_of_other_values_is_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(KtstrError, match=f"^cgroup .*{field}"):
        CgroupDef(**{"name": "cg", field: value})


@pytest.mark.parametrize(
    "value", [0, -1, None, "5", True, float("nan"), float("inf"), 3_600_001, 10**5000], ids=shown
)
@pytest.mark.parametrize(("kind", "field"), [(Mixed, "burst_ms"), (Bursty, "burst_ms"), (Bursty, "sleep_ms")])
def test_a_work_types_times_are_milliseconds(kind: Any, field: str, value: Any) -> None:
    with pytest.raises(KtstrError, match=f"^{kind.__name__}: {field}=.*: must be milliseconds"):
        kind(**{field: value})


# The plan


def test_a_plan_says_what_the_agent_does() -> None:
    text = plan(
        CgroupDef("spin", cpuset=Cpuset.llc(0)),
        CgroupDef("burst", 2, work=Bursty(burst_ms=5, sleep_ms=0.5), policy="fifo"),
        scheduler=["/ktstr/bin/mine", "--slice us=5%"],
        sysctls={"kernel.sched_autogroup_enabled": "0"},
    )
    assert text.splitlines() == [
        "sysctl kernel/sched_autogroup_enabled 0",
        "scheduler 30000000000 /ktstr/bin/mine --slice%20us=5%25",
        "cgroup spin 0-3",
        "spawn spin 4 spin_wait pause=1 policy=normal",
        "cgroup burst -",
        "spawn burst 2 bursty burst_ns=5000000 sleep_ns=500000 policy=fifo",
        "hold 2000000000",
    ]


@pytest.mark.parametrize(
    ("work", "tokens"),
    [
        (SpinWait(), "spin_wait pause=1"),
        (SpinWait(pause=False), "spin_wait pause=0"),
        (YieldHeavy(), "yield_heavy"),
        (Mixed(burst_ms=0.25), "mixed burst_ns=250000"),
        (Bursty(), "bursty burst_ns=50000000 sleep_ns=100000000"),
    ],
)
def test_a_work_type_is_a_name_with_its_parameters(work: Any, tokens: str) -> None:
    assert f"spawn cg 1 {tokens} policy=normal\n" in plan(CgroupDef("cg", 1, work=work))


def as_the_agent_reads(line: str) -> list[str]:
    """As plan.c does it: tokens are separated by one space, then %XX is a byte."""
    return [
        re.sub(rb"%([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), token.encode("ascii")).decode()
        for token in line.split(" ")
    ]


# A zero byte would end the argument; declarations refuse it.
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=5))
def test_an_argument_reaches_the_agent_as_it_is(arguments: list[str]) -> None:
    line, _hold = plan(scheduler=["/mine", *arguments]).split("\n", 1)
    assert as_the_agent_reads(line) == ["scheduler", "30000000000", "/mine", *arguments]


def test_a_command_may_be_as_long_as_a_line_that_the_agent_reads() -> None:
    assert plan(scheduler=["/mine"] * 254)
    with pytest.raises(KtstrError, match=r"^scheduler /mine: 257 words on its command line: 256 at most$"):
        plan(scheduler=["/mine"] * 255)


def test_a_cgroup_is_declared_once() -> None:
    with pytest.raises(KtstrError, match=r"^cgroup cg: declared twice in one scenario$"):
        plan(CgroupDef("cg"), CgroupDef("other"), CgroupDef("cg"))


# The canned scenarios


class Recorder:
    """Stands in for a test's `ctx`: keeps what a scenario would run."""

    def __init__(self, topology: str) -> None:
        self.topology = Topology.parse(topology)
        self.hold_s: float | None = None
        self.cgroups: tuple[CgroupDef, ...] = ()

    def run(self, *cgroups: CgroupDef, hold_s: float | None) -> None:
        self.cgroups, self.hold_s = cgroups, hold_s


def ran(scenario: Any, topology: str, **arguments: Any) -> Recorder:
    ctx = Recorder(topology)
    scenario(ctx, **arguments)
    return ctx


@pytest.mark.parametrize(("topology", "workers"), [("1n2l4c1t", 4), ("1n1l1c1t", 1), ("1n3l3c1t", 4)])
def test_steady_fills_the_cpus_from_two_cgroups(topology: str, workers: int) -> None:
    assert [cgroup.workers for cgroup in ran(scenarios.steady, topology).cgroups] == [workers, workers]


def test_steady_takes_a_number_of_workers_and_a_time() -> None:
    ctx = ran(scenarios.steady, "1n2l4c1t", workers=3, hold_s=0.5)
    assert ([cgroup.workers for cgroup in ctx.cgroups], ctx.hold_s) == ([3, 3], 0.5)


def test_steady_with_no_worker_is_refused() -> None:
    with pytest.raises(KtstrError, match="cgroup cg_0: workers=0"):
        ran(scenarios.steady, "1n2l4c1t", workers=0)


def test_steady_llc_confines_a_cgroup_to_each_llc() -> None:
    ctx = ran(scenarios.steady_llc, "1n2l4c1t")
    assert [cgroup.cpus(ctx.topology) for cgroup in ctx.cgroups] == [{0, 1, 2, 3}, {4, 5, 6}]


def test_sched_mixed_has_a_cgroup_for_each_of_four_policies() -> None:
    assert [cgroup.policy for cgroup in ran(scenarios.sched_mixed, "1n1l2c1t").cgroups] == [
        "normal",
        "batch",
        "idle",
        "fifo",
    ]
