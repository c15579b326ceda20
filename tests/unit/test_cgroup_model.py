"""Operations on cgroups as the host knows them, and how the shares and limits of cgroups are judged."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_data import MS, report, workers

from ktstr import (
    AddCgroup,
    At,
    CgroupDef,
    Checks,
    ClearCpuset,
    Cpuset,
    CpusetPartition,
    Freeze,
    KtstrError,
    MoveTasks,
    Operation,
    ReadCgroup,
    RemoveCgroup,
    Scenario,
    SetBandwidth,
    SetControllers,
    SetCpuset,
    SetIdle,
    SetLimit,
    SetWeight,
    State,
    Step,
    StopCgroup,
    SwapCpusets,
    Thaw,
    Topology,
    declare_scheduler,
)
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.declare import scheduler as declarations
from ktstr.scenario.layout import lay_out
from ktstr.scenario.model import initial_state
from ktstr.scenario.plan import scenario_plan

SMALL = Topology(1, 2, 4, 1)
TINY = Topology(1, 1, 2, 1)


def after(*parts: CgroupDef | Operation, topology: Topology = SMALL) -> State:
    """The state that these lead to."""
    return lay_out(Scenario(parts), topology, 1.0).phases[0].states[-1]


def cpus(state: State, path: str) -> set[int]:
    return set(state.cpus(path))


# What each changes


def test_cgroups_above_are_made_as_well_and_confine_those_below() -> None:
    state = after(AddCgroup("a", Cpuset.exact({0, 1, 2})), CgroupDef("a/b/c", 1, cpuset=Cpuset.exact({2, 3})))
    assert set(state.cgroups) == {"a", "a/b", "a/b/c"}
    assert [cpus(state, path) for path in ("a/b", "a/b/c")] == [{0, 1, 2}, {2}]


def test_a_cpuset_is_set_cleared_and_swapped() -> None:
    parts = (AddCgroup("a", Cpuset.exact({0})), AddCgroup("b", Cpuset.exact({1, 2})))
    assert cpus(after(*parts, SetCpuset("a", Cpuset.llc(1))), "a") == {4, 5, 6}
    assert cpus(after(*parts, ClearCpuset("a")), "a") == set(range(8))
    swapped = after(*parts, SwapCpusets("a", "b"))
    assert [cpus(swapped, path) for path in ("a", "b")] == [{1, 2}, {0}]


def test_a_partitions_cpus_are_not_for_others() -> None:
    parts = (
        AddCgroup("mine", Cpuset.exact({1, 2})),
        AddCgroup("b", Cpuset.exact({0, 1})),
        CpusetPartition("mine"),
    )
    state = after(*parts)
    assert [cpus(state, path) for path in ("", "mine", "b")] == [{0, 3, 4, 5, 6, 7}, {1, 2}, {0}]
    assert cpus(after(*parts, CpusetPartition("mine", "member")), "b") == {0, 1}


def test_workers_move_and_end_with_their_cgroup() -> None:
    parts = (CgroupDef("a", 3), AddCgroup("b"), MoveTasks("a", "b", 2))
    assert [one.cgroup for one in after(*parts).workers] == ["b", "b", "a"]
    assert [one.cgroup for one in after(*parts, MoveTasks("b", "")).workers] == ["", "", "a"]
    assert [one.cgroup for one in after(*parts, StopCgroup("b")).workers] == ["a"]
    assert set(after(*parts, RemoveCgroup("b")).cgroups) == {"a"}


# What is refused


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((AddCgroup("a"), AddCgroup("a")), "cgroup: cgroup='a': there is such a cgroup already"),
        (
            (CgroupDef("a", 1), AddCgroup("a/b")),
            "cgroup: cgroup='a/b': cgroup a has workers of its own: must be below one without, made by AddCgroup('a')",
        ),
        (
            (AddCgroup("a/b"), CgroupDef("c", 1), MoveTasks("c", "a")),
            "move_tasks: to='a': it has cgroup a/b below it, and then the kernel lets no task into it; must be a cgroup"
            " without others below it",
        ),
        (
            (AddCgroup("a/b"), CgroupDef("c", 1), RemoveCgroup("a"), SetWeight("a/b", 5)),
            "set_weight: cgroup='a/b': it was removed before; must be a cgroup that exists then",
        ),
        ((AddCgroup("a"), Thaw("a")), "thaw: cgroup='a': it is not frozen at that moment"),
        (
            (AddCgroup("a/b"), Freeze("a"), Freeze("a/b")),
            "freeze: cgroup='a/b': cgroup a is frozen at that moment",
        ),
        (
            (AddCgroup("a"), CpusetPartition("a")),
            "cpuset_partition: cgroup='a': it has no cpuset of its own; must have one",
        ),
        (
            (AddCgroup("a/b", Cpuset.llc(0)), CpusetPartition("a/b")),
            "cpuset_partition: cgroup='a/b': its parent a is no partition; must be one",
        ),
        (
            (AddCgroup("a/b"), SetControllers("a", ("cpuset",)), SetWeight("a/b", 5)),
            "set_weight: cgroup='a/b': SetControllers has taken the cpu controller from it; must have it",
        ),
        (
            (AddCgroup("a/b/c"), SetControllers("a", ())),
            "set_controllers: controllers=: cgroup a/b gives cpu to a/b/c; must be taken from there first",
        ),
        ((AddCgroup("a"), MoveTasks("a", "", 1)), "move_tasks: cgroup='a': it has no workers at that moment"),
        (
            (SetCpuset("x", Cpuset.llc(0)),),
            "set_cpuset: cgroup='x': there is no such cgroup at that moment; there is none",
        ),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_one_line(parts: Sequence[Any], why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        after(*parts)
    assert str(refused.value) == why


def test_a_cpuset_of_offline_cpus_is_refused() -> None:
    state = State(SMALL, frozenset({0, 1, 2})).with_cgroup("b", after(AddCgroup("b")).cgroups["b"])
    with pytest.raises(KtstrError) as refused:
        AddCgroup("a", Cpuset.exact({4, 5})).changes(state)
    assert str(refused.value) == (
        "cgroup a: cpuset exact(4, 5): CPU 4-5 is offline at that moment; must have a CPU of 0-2"
    )
    with pytest.raises(KtstrError, match="CPU 7 is offline"):
        SetCpuset("b", Cpuset.exact({7})).changes(state)
    assert AddCgroup("a", Cpuset.exact({2, 5})).changes(state).cpus("a") == {2}


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: SetWeight("a", 10_001), "set_weight: weight=10001: must be a whole number from 1 to 10000"),
        (
            lambda: SetBandwidth("a", 0.5),
            "set_bandwidth: quota_ms=0.5: must be guest milliseconds, from 1 to 1000000, or None for no limit",
        ),
        (
            lambda: SetLimit("a", "io.max", 1),  # type: ignore[arg-type]
            "set_limit: file='io.max': must be one of pids.max, memory.min, memory.low, memory.high, memory.max",
        ),
        (
            lambda: ReadCgroup("a", "../x"),
            "read_cgroup: file='../x': must be a file of a cgroup, such as 'cpu.stat'",
        ),
        (lambda: MoveTasks("a", "a"), "move_tasks: to='a': must be another cgroup than the one they are in"),
        (
            lambda: SwapCpusets("a", "a/b"),
            "swap_cpusets: other='a/b': must be a cgroup that is neither a nor above or below it",
        ),
        (
            lambda: SetControllers("a", ("io",)),
            "set_controllers: controllers=('io',): io: must be some of cpu, cpuset, or none",
        ),
        (lambda: Cpuset.range(0.5, 0.5), "cpuset range(0.5, 0.5): begin must be less than end"),
        (
            lambda: Cpuset.overlap(0, 2, 1.5),
            "cpuset overlap: fraction=1.5: must be a fraction of the usable CPUs, from 0 to 1",
        ),
    ],
)
def test_a_wrong_argument_is_named(made: Any, why: str) -> None:
    with pytest.raises(KtstrError) as refused:
        made()
    assert str(refused.value) == why


PATHS = st.sampled_from(["a", "b", "a/x", "a/y", "a/x/z"])
CPUSETS = st.sampled_from([Cpuset.llc(0), Cpuset.llc(1), Cpuset.exact({1}), Cpuset.range(0.2, 0.9)])
ANY = st.one_of(
    st.builds(AddCgroup, PATHS, st.none() | CPUSETS),
    st.builds(CgroupDef, PATHS, st.integers(1, 3)),
    st.builds(RemoveCgroup, PATHS),
    st.builds(StopCgroup, PATHS),
    st.builds(SetCpuset, PATHS, CPUSETS),
    st.builds(ClearCpuset, PATHS),
    st.builds(CpusetPartition, PATHS, st.sampled_from(["member", "root", "isolated"])),
    st.builds(SetWeight, PATHS, st.integers(1, 10_000)),
    st.builds(SetIdle, PATHS, st.booleans()),
    st.builds(Freeze, PATHS),
    st.builds(Thaw, PATHS),
    st.builds(SetControllers, st.just("") | PATHS, st.sampled_from([(), ("cpu",), ("cpu", "cpuset")])),
)


def attempt(one: Operation, state: State) -> tuple[State, str]:
    """The state after an operation, or the same one and why it makes no sense."""
    try:
        return one.changes(state), ""
    except KtstrError as error:
        return state, str(error)


@given(st.lists(ANY, max_size=25))
def test_any_operations_lead_to_a_state_or_are_refused_in_one_line(some: list[CgroupDef | Operation]) -> None:
    state = initial_state(SMALL)
    for part in some:
        for one in part.operations(SMALL) if isinstance(part, CgroupDef) else (part,):
            state, refused = attempt(one, state)
            if refused:
                assert refused.startswith((f"{one.name}: ", "cgroup "))
                assert "\n" not in refused
                break
        assert all(one.cgroup in state.cgroups for one in state.workers)
        assert all(path.rpartition("/")[0] in {"", *state.cgroups} for path in state.cgroups)
        assert all(state.allowed(one) for one in state.workers)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 40))
def test_ranges_that_meet_share_no_cpu_and_leave_none_out(first: float, second: float, count: int) -> None:
    topology = Topology(1, 1, count, 1)
    parts = []
    for begin, end in pairwise(sorted({0.0, first, second, 1.0})):
        with suppress(KtstrError):  # a range may be smaller than a CPU
            parts.append(Cpuset.range(begin, end).cpus(topology))
    assert sum(map(len, parts)) == len(frozenset().union(*parts)) == (count - 1 if count > 2 else count)


def test_overlapping_parts_extend_into_their_neighbours() -> None:
    topology = Topology(1, 1, 9, 1)
    parts = [Cpuset.overlap(index, 2, 0.5).cpus(topology) for index in (0, 1)]
    assert parts == [{0, 1, 2, 3, 4, 5}, {2, 3, 4, 5, 6, 7}]


# A scheduler that rules a subtree


def test_the_workload_root_is_there_before_the_scheduler_starts() -> None:
    text = scenario_plan(
        Scenario((CgroupDef("a", 1),), 1.0), SMALL, scheduler=("/mine",), workload_root="work"
    )
    assert [line.split()[0] for line in text.splitlines()[:3]] == ["workload_root", "scheduler", "cgroup"]


def test_a_schedulers_cgroup_parent_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "_registry", {})
    assert declare_scheduler("rules", bpf="x.bpf.c", cgroup_parent="/a/b").cgroup_parent == "a/b"
    with pytest.raises(KtstrError, match=r"scheduler 'wrong': cgroup_parent='\.\.': must be 1 to 63 letters"):
        declare_scheduler("wrong", bpf="x.bpf.c", cgroup_parent="/..")


# How shares and limits are judged


def found(*parts: CgroupDef | Operation, ran_ms: Sequence[int], steps: tuple[Step, ...] = ()) -> list[str]:
    """The messages of the two checks for workers that ran so long of 1000 ms, on two CPUs."""
    layout = lay_out(Scenario(parts, steps=steps), TINY, 1.0)
    cgroups = [one.cgroup for one in layout.phases[-1].states[-1].workers]
    several = workers(
        *(
            {"cgroup": cgroup, "run_ns": ran * MS, "wall_ns": 1000 * MS, "cpus": ()}
            for cgroup, ran in zip(cgroups, ran_ms, strict=True)
        )
    )
    run = Evidence(report=report(workers=several), topology=TINY, layout=layout)
    limits = Checks(max_spread_pct=False, not_stuck=False)
    return [one.message for one in judge(run, limits) if one.check.startswith(("max_weight", "max_band"))]


PAIR = (CgroupDef("light", 2), CgroupDef("heavy", 2, weight=300))


def test_shares_that_do_not_follow_cpu_weight_are_a_violation() -> None:
    assert found(*PAIR, ran_ms=[250, 250, 750, 750]) == []
    assert found(*PAIR, ran_ms=[380, 370, 620, 630]) == []
    assert found(*PAIR, ran_ms=[500, 500, 500, 500]) == [
        "cgroup heavy got 50.0% of the CPU time of its siblings, but 75.0% is its due by cpu.weight (heavy 300, light"
        " 100): error 25.0 points, limit 15"
    ]


@pytest.mark.parametrize(
    "parts",
    [
        (CgroupDef("light", 2), CgroupDef("heavy", 2)),  # equal weights
        (CgroupDef("light", 1), CgroupDef("heavy", 1, weight=300)),  # a CPU for each
        (*PAIR, SetIdle("light")),
        (CgroupDef("light", 2, quota_ms=100), CgroupDef("heavy", 2, weight=300)),
        (CgroupDef("light", 2, policy="batch"), CgroupDef("heavy", 2, weight=300)),
        (CgroupDef("light", 2, cpuset=Cpuset.exact({0})), CgroupDef("heavy", 2, weight=300)),
    ],
    ids=lambda parts: "; ".join(map(str, parts)),
)
def test_shares_are_not_judged_where_something_else_decides(parts: Sequence[Any]) -> None:
    count = len(after(*parts, topology=TINY).workers)
    assert not [one for one in found(*parts, ran_ms=[100] * count) if "cpu.weight" in one]


def test_a_cgroup_is_due_no_more_than_it_has_workers_for() -> None:
    parts = (CgroupDef("light", 3), CgroupDef("heavy", 1, weight=10_000))
    assert found(*parts, ran_ms=[333, 333, 334, 1000]) == []


def test_a_weight_that_changes_in_the_hold_is_not_judged() -> None:
    step = Step("s", At(0.5, SetWeight("light", 300)), hold=1)
    assert found(*PAIR, ran_ms=[500] * 4, steps=(step,)) == []


def test_nested_cgroups_are_judged_level_by_level() -> None:
    parts = (AddCgroup("o"), SetWeight("o", 300), CgroupDef("o/a", 2), CgroupDef("o/b", 2), CgroupDef("c", 2))
    assert found(*parts, ran_ms=[375, 375, 375, 375, 250, 250]) == []
    (message,) = found(*parts, ran_ms=[250, 250, 250, 250, 500, 500])
    assert message.startswith("cgroup o got 50.0%")


def test_more_cpu_time_than_cpu_max_is_a_violation() -> None:
    parts = (CgroupDef("a", 2, quota_ms=10, period_ms=50), CgroupDef("b", 2))
    assert found(*parts, ran_ms=[100, 110, 800, 900]) == []
    assert found(*parts, ran_ms=[500, 500, 500, 500]) == [
        "cgroup a exceeded its cpu.max: its workers ran 1000 ms in 1000 ms, but 10 ms in each 50 ms is 200 ms: limit"
        " 270 ms"
    ]
