"""Groups of workers as data: settings, affinities, policies, operations on them, and churn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr import (
    Affinity,
    At,
    Bursty,
    CgroupDef,
    Churn,
    Cpuset,
    Deadline,
    KtstrError,
    MemoryPolicy,
    Operation,
    Pause,
    Scenario,
    SetAffinity,
    SetNice,
    SetPolicy,
    Spawn,
    Step,
    StopWorkers,
    Topology,
    Workers,
)
from ktstr.scenario.layout import Layout, lay_out
from ktstr.scenario.plan import plan_of

SMALL = Topology(1, 2, 4, 1)
ALL = frozenset(range(8))


def laid_out(*operations: Operation, parts: tuple[Any, ...] = (CgroupDef("a", 2),), seed: int = 1) -> Layout:
    return lay_out(Scenario(parts, steps=(Step("s", *operations, hold=1.0),)), SMALL, 2.0, seed)


def chosen(
    affinity: Affinity, allowed: frozenset[int] = ALL, count: int = 4, seed: int = 1
) -> list[list[int]]:
    return [sorted(cpus) for cpus in affinity.settled(SMALL, allowed, count, seed, "use").chosen]


# Settings


def test_a_cgroup_has_the_settings_of_its_only_group() -> None:
    group = CgroupDef(
        "a", 2, Cpuset.llc(0), Bursty(1, 2), "fifo", priority=3, comm="io", uid=7, gid=8, threads=True
    )
    line = plan_of(group.operations(SMALL), SMALL).splitlines()[1]
    assert line == (
        "spawn a 2 bursty burst_ns=1000000 sleep_ns=2000000 policy=fifo +priority=3 +comm=io +uid=7 +gid=8 +threads=1"
    )


def test_a_cgroup_has_several_groups() -> None:
    several = CgroupDef("a", cpuset=Cpuset.llc(0), groups=(Workers(1, nice=5, group="x"), Workers(group="y")))
    assert plan_of(several.operations(SMALL), SMALL).splitlines()[1:] == [
        "spawn a 1 spin_wait pause=1 policy=normal +group=x +nice=5",
        "spawn a 4 spin_wait pause=1 policy=normal +group=y",
    ]
    assert several.worker_count(SMALL) == 5


def test_a_reservation_and_a_memory_policy_are_words_of_the_plan() -> None:
    one = Spawn("", 1, policy="deadline", deadline=Deadline(1, 5, 10), memory=MemoryPolicy("bind", {0}))
    assert plan_of([one], SMALL) == (
        "spawn  1 spin_wait pause=1 policy=deadline +runtime_ns=1000000 +deadline_ns=5000000 +period_ns=10000000"
        " +memory=bind:0\n"
    )


def test_a_slice_has_the_word_of_a_reservations_runtime() -> None:
    assert plan_of([Spawn("", 1, slice_ms=0.5)], SMALL) == (
        "spawn  1 spin_wait pause=1 policy=normal +runtime_ns=500000\n"
    )
    changed = SetPolicy("a", "batch", slice_ms=7)
    assert plan_of([changed], SMALL) == "set_policy a  0 batch 0 7000000 0 0\n"
    assert str(changed) == "set_policy cgroup=a policy=batch slice_ms=7"


def test_a_slice_is_gone_with_a_policy_that_is_set_without_one() -> None:
    parts = (CgroupDef("a", 1, slice_ms=5),)
    for operation, left in (
        (SetNice("a", 1), 5),
        (SetPolicy("a", "normal"), None),
        (SetPolicy("a", "ext", slice_ms=9), 9),
    ):
        (one,) = laid_out(operation, parts=parts).phases[0].held_states[-1].workers
        assert one.slice_ms == left


WRONG: Any = {0}  # of no type that an argument takes


def test_a_policy_that_is_set_later_has_its_numbers_in_the_plan() -> None:
    operation = SetPolicy("cg", "deadline", deadline=Deadline(1, period_ms=10))
    assert plan_of([operation], SMALL) == "set_policy cg  0 deadline 0 1000000 10000000 10000000\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CgroupDef("a", nice=20), "cgroup a: nice=20: must be a whole number from -20 to 19"),
        (
            lambda: Workers(group="x", comm="a b"),
            "workers x: comm='a b': must be 1 to 15 printable characters",
        ),
        (
            lambda: Spawn("a", priority=5),
            "spawn: priority=5: policy normal has none; must be policy fifo or rr",
        ),
        (
            lambda: Spawn("a", policy="rr", priority=40),
            "spawn: priority=40: must be a whole number from 1 to 39",
        ),
        (
            lambda: Spawn("a", policy="deadline"),
            "spawn: deadline: must be Deadline(runtime_ms, period_ms=...)",
        ),
        (
            lambda: Workers(slice_ms=101),
            "workers: slice_ms=101: must be guest milliseconds, from 0.1 to 100, as the kernel has them",
        ),
        (
            lambda: CgroupDef("a", slice_ms=WRONG),
            "cgroup a: slice_ms={0}: must be guest milliseconds, from 0.1",
        ),
        (
            lambda: Spawn("a", policy="fifo", slice_ms=5),
            "spawn: slice_ms=5: policy fifo has none; must be policy normal, batch or ext",
        ),
        (
            lambda: SetPolicy("a", "idle", slice_ms=0.5),
            "set_policy: slice_ms=0.5: policy idle has none; must be policy normal, batch or ext",
        ),
        (lambda: Spawn("a", uid=-1), "spawn: uid=-1: must be a whole number from 0"),
        (
            lambda: Spawn("a", affinity=WRONG),
            "spawn: affinity={0}: must be Affinity, such as Affinity.single(0)",
        ),
        (lambda: Deadline(5, period_ms=4), "deadline: runtime_ms=5: must be 0.001024 or more, and at most"),
        (lambda: Deadline(5), "deadline: deadline_ms or period_ms: must be given"),
        (lambda: MemoryPolicy("bind"), "memory policy bind: nodes=[]: must have at least one node"),
        (lambda: MemoryPolicy("local", {0}), "memory policy local: nodes=[0]: must be empty"),
        (lambda: MemoryPolicy(WRONG, {0}), "memory policy: mode={0}: must be one of bind, preferred"),
        (lambda: Affinity.subset(0), "affinity subset: count=0: must be a whole number from 1"),
        (lambda: Affinity.exact(()), "affinity exact(): must have at least one CPU"),
        (lambda: CgroupDef("a", groups=(WRONG,)), "cgroup a: groups: {0}: must be Workers(...)"),
        (
            lambda: CgroupDef("a", 2, groups=(Workers(),)),
            "cgroup a: groups: each has work and settings of its own",
        ),
        (
            lambda: CgroupDef("a", groups=(Workers(group="x"), Workers(group="x"))),
            "cgroup a: groups: group x is there twice",
        ),
        (lambda: StopWorkers("a", count=0), "stop_workers: count=0: must be a whole number from 1"),
        (lambda: SetPolicy("a", WRONG), "set_policy: policy={0}: must be one of normal, batch, idle"),
        (lambda: Churn(()), "churn: operations=(): must be operations"),
        (lambda: Churn((At(0.1, Pause("a")),)), "churn: operations: At("),
    ],
)
def test_what_no_worker_can_have_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}"):
        make()


# Affinities


def test_an_affinity_is_a_set_of_cpus_for_each_worker() -> None:
    assert chosen(Affinity.exact({1, 5})) == [[1, 5]]
    assert chosen(Affinity.single(3)) == [[3]]
    assert chosen(Affinity.llc_aligned()) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert chosen(Affinity.cross_llc()) == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert chosen(Affinity.llc_aligned(), frozenset({2, 3, 6})) == [[2, 3], [6]]


@given(
    st.integers(1, 8),
    st.frozensets(st.integers(0, 7), min_size=1),
    st.integers(1, 100),
    st.integers(0, 2**64 - 1),
)
def test_a_random_subset_is_of_the_allowed_cpus_and_follows_from_the_seed(
    size: int, allowed: frozenset[int], count: int, seed: int
) -> None:
    sets = chosen(Affinity.subset(size), allowed, count, seed)
    assert sets == chosen(Affinity.subset(size), allowed, count, seed)
    assert all(set(cpus) <= allowed and len(cpus) == min(size, len(allowed)) for cpus in sets)


def test_the_model_knows_the_cpus_of_each_worker() -> None:
    layout = laid_out(
        At(0.5, SetAffinity("a", Affinity.single(7), count=1)),
        parts=(CgroupDef("a", 2, affinity=Affinity.llc_aligned()),),
    )
    assert layout.phases[0].allowed == {0: frozenset({0, 1, 2, 3, 7}), 1: frozenset({4, 5, 6, 7})}
    assert layout.drawn == ()


# Operations


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (SetNice("b", 1), "step s: set_nice: cgroup='b': there is no such cgroup at that moment; there is a"),
        (SetNice("", 1), "step s: set_nice: cgroup='': no worker is in it at that moment; must have one"),
        (
            At(0.2, Pause("a", group="x")),
            "step s: at 0.2 s: pause: group='x': no worker is in it at that moment",
        ),
        (
            SetAffinity("a", Affinity.single(9)),
            "step s: set_affinity: affinity: affinity single(9): topology",
        ),
        (
            Spawn("a", policy="deadline", deadline=Deadline(1, period_ms=9), affinity=Affinity.inherit()),
            "step s: spawn: policy=deadline: the kernel wants all CPUs for it",
        ),
        (
            SetPolicy("a", "deadline", deadline=Deadline(1, period_ms=9)),
            "step s: set_policy: policy=deadline: the kernel wants all CPUs for it",
        ),
        (
            SetAffinity("a", Affinity.exact({7})),
            "step s: set_affinity: affinity: affinity exact(7): none of these CPUs is left to the workers; must have"
            " one of 0-3",
        ),
    ],
    ids=str,
)
def test_nonsense_is_refused_before_a_guest_starts(operation: Operation, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}"):
        laid_out(operation, parts=(CgroupDef("a", 2, Cpuset.exact({0, 1, 2, 3})),))


def test_operations_change_what_the_model_says_of_workers() -> None:
    layout = laid_out(
        Spawn("", 1, group="late"),
        SetPolicy("", "fifo", group="late"),
        At(0.1, SetNice("a", 5, count=1)),
        At(0.2, StopWorkers("a", count=1)),
    )
    last = layout.phases[0].states[-1]
    assert [(one.index, one.cgroup, one.policy, one.nice) for one in last.workers] == [
        (1, "a", "normal", 0),
        (2, "", "fifo", 0),
    ]


# Churn

SOME = Churn((SetNice("a", 5), SetNice("a", 0, count=1), SetAffinity("a", Affinity.subset(1))), per_s=20)


def test_churn_follows_from_the_seed() -> None:
    assert laid_out(SOME, seed=3) == laid_out(SOME, seed=3)
    assert laid_out(SOME, seed=3).phases[0].timed != laid_out(SOME, seed=4).phases[0].timed
    assert len(laid_out(SOME).phases[0].timed) == 20


def test_what_churn_does_can_be_left_out_one_by_one() -> None:
    assert len(laid_out(SOME).drawn) == 20


def test_churn_passes_over_what_makes_no_sense_at_its_moment() -> None:
    layout = laid_out(Churn((StopWorkers("a", count=1), SetNice("a", 5)), per_s=50))
    stops = [one for one in layout.phases[0].timed if one.operation.name == "stop_workers"]
    assert len(stops) == 2
    assert len(layout.phases[0].timed) < 50
