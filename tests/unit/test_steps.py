"""Scenarios in steps: laid out in time, refused if they make no sense, and written as a plan."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_operation import Calling

from ktstr import (
    At,
    CgroupDef,
    CgroupState,
    Cpuset,
    Hold,
    KtstrError,
    Operation,
    Scenario,
    State,
    Step,
    Topology,
)
from ktstr.scenario.layout import Layout, lay_out
from ktstr.scenario.model import initial_state
from ktstr.scenario.operations.cgroup import AddCgroup
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.work import SpinWait

SMALL = Topology(1, 2, 4, 1)


@dataclass(frozen=True)
class Remove(Operation):
    """Removes a cgroup with its workers."""

    name = "remove"
    refusals = MappingProxyType({errno.ENOMEM: "cgroup_exit"})
    cgroup: str

    def changes(self, state: State) -> State:
        """One cgroup less."""
        state.require(self.cgroup, "remove: cgroup")
        return state.without_cgroup(self.cgroup)


@dataclass(frozen=True)
class Confine(Operation):
    """Sets a cgroup's CPUs, given as the number of the last one."""

    name = "confine"
    cgroup: str
    last: int

    def changes(self, state: State) -> State:
        """Another cpuset."""
        cgroup = state.require(self.cgroup, "confine: cgroup")
        return state.with_cgroup(self.cgroup, replace(cgroup, cpuset=frozenset(range(self.last + 1))))


@dataclass(frozen=True)
class Often(Operation):
    """Is as many other operations as it says, at equal distances in the hold."""

    name = "often"
    times: int

    def expand(self, _state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """Confines a cgroup, each time to other CPUs."""
        return tuple(At(hold_s * n / self.times, Confine("a", (seed + n) % 4)) for n in range(self.times))


def laid_out(*steps: Step, parts: Sequence[Any] = (), duration_s: float = 2.0, seed: int = 0) -> Layout:
    return lay_out(Scenario(tuple(parts), steps=steps), SMALL, duration_s, seed)


# Holds


@pytest.mark.parametrize(
    ("step", "holds"),
    [
        (Step("s"), (2.0,)),
        (Step("s", hold=0.5), (0.5,)),
        (Step("s", hold=Hold.fraction(0.25)), (0.5,)),
        (Step("s", hold=0.5, repeat=3), (0.5, 0.5, 0.5)),
        (Step("s", hold=0.5, until_s=1), (0.5, 0.5)),
        (Step("s", hold=0.4, until_s=1), (0.4, 0.4, pytest.approx(0.2))),
        (Step("s", hold=0.1, until_s=0.3), (0.1, 0.1, pytest.approx(0.1))),
        (Step("s", hold=Hold.fraction(0.5), until_s=0.5), (0.5,)),
    ],
    ids=str,
)
def test_a_step_holds_for_a_time_a_fraction_or_over_and_over(step: Step, holds: Any) -> None:
    assert step.holds(2.0) == holds


@given(st.floats(0.01, 5), st.floats(0.01, 50))
def test_a_loop_until_a_time_takes_just_that_time(hold_s: float, until_s: float) -> None:
    step = Step("s", hold=hold_s, until_s=until_s)
    if until_s / hold_s > 999:
        return
    holds = step.holds(1.0)
    assert sum(holds) == pytest.approx(until_s)
    assert all(0 < one <= hold_s * (1 + 1e-6) for one in holds)


def test_every_turn_of_a_loop_is_a_phase() -> None:
    layout = laid_out(Step("first", hold=0.5), Step("flip", hold=0.1, repeat=3))
    assert [phase.name for phase in layout.phases] == ["first", "flip 1/3", "flip 2/3", "flip 3/3"]
    assert layout.hold_ns == 800_000_000
    assert Scenario(steps=(Step("first", hold=0.5), Step("flip", hold=0.1, repeat=3))).total_s(
        2
    ) == pytest.approx(0.8)


def test_a_hold_that_is_cut_short_leaves_out_what_comes_later() -> None:
    layout = laid_out(
        Step("s", At(0.05, Confine("a", 1)), At(0.2, Confine("a", 2)), hold=0.3, until_s=0.4),
        parts=[CgroupDef("a", 1)],
    )
    assert [[one.at_s for one in phase.timed] for phase in layout.phases] == [[0.05, 0.2], [0.05]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Calling(Step, ""), "step '': name: must be 1 to 64 printable characters"),
        (Calling(Step, "a\nb"), r"step 'a\nb': name: must be 1 to 64 printable characters"),
        (Calling(Step, CgroupDef("a")), "step CgroupDef("),
        (Calling(Step, "s", "x"), "step s: 'x': must be CgroupDef(...) or an operation"),
        (Calling(Step, "s", HoldFor(1)), "step s: hold: ktstr puts it into the plan; use hold_s=..."),
        (Calling(Step, "s", hold=0), "step s: hold=0: must be guest seconds, more than 0 and at most 3600"),
        (Calling(Step, "s", repeat=0), "step s: repeat=0: must be a whole number from 1 to 1000"),
        (Calling(Step, "s", until_s=-1), "step s: until_s=-1: must be guest seconds"),
        (
            Calling(Step, "s", repeat=2, until_s=1),
            "step s: repeat=2: must not be given together with until_s",
        ),
        (Calling(Hold.fraction, 0), "Hold.fraction(0): must be a share of the test's duration"),
        (Calling(Hold.fraction, 1.5), "Hold.fraction(1.5): must be a share of the test's duration"),
        (Calling(At, -1, Remove("a")), "at: at_s=-1: must be guest seconds, from 0 to 3600"),
        (Calling(At, 1, "x"), "at: operation='x': must be an operation"),
        (Calling(At, 1, At(1, Remove("a"))), "at: operation=at 1 s: remove cgroup=a: must be another"),
        (Calling(At, 1, HoldFor(1)), "at: operation=hold: ktstr puts it into the plan; use hold_s=..."),
        (
            Calling(Scenario, (At(1, Remove("a")),)),
            "scenario: at 1 s: remove cgroup=a: must be in a Step(...), whose hold has that time",
        ),
        (Calling(Scenario, steps=("x",)), "scenario: steps: 'x': must be Step(...)"),
        (Calling(Scenario, steps=5), "scenario: steps=5: must be a list or tuple of Step(...)"),
        (Calling(Scenario, 5), "scenario: parts=5: must be a list or tuple of CgroupDef(...) and operations"),
        (
            Calling(Scenario, steps=(Step("s"), Step("s"))),
            "step s: declared twice in one scenario; a step is done again by repeat=",
        ),
        (
            Calling(Step("s", hold=0.001, until_s=10).holds, 1),
            "step s: until_s=10: is 10000 holds of 0.001 s: 1000 at most",
        ),
    ],
    ids=str,
)
def test_a_wrong_step_is_refused_in_one_line(make: Any, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}") as refused:
        make()
    assert "\n" not in str(refused.value)


# What makes no sense


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [Step("s", Remove("b"))],
            "step s: remove: cgroup='b': there is no such cgroup at that moment; there is a",
        ),
        (
            [Step("s", Remove("a")), Step("t", Confine("a", 1))],
            "step t: confine: cgroup='a': it was removed before; must be a cgroup that exists then",
        ),
        (
            [Step("s", At(0.1, Confine("a", 1)), At(0.05, Remove("a")))],
            "step s: at 0.1 s: confine: cgroup='a': it was removed before",
        ),
        (
            [Step("s", CgroupDef("a"))],
            "step s: cgroup: cgroup='a': there is such a cgroup already",
        ),
        (
            [Step("s", CgroupDef("b"), repeat=2, hold=1)],
            "step s: cgroup: cgroup='b': there is such a cgroup already",
        ),
        (
            [Step("s", At(0.5, Remove("a")), hold=0.5)],
            "step s: at 0.5 s: remove cgroup=a: the hold is over by then, it lasts 0.5 s; must be less",
        ),
        (
            [Step("s", CgroupDef("b", 4095))],
            "step s: cgroup b: 4095 workers more are 4097 in all: a scenario starts 4096 at most",
        ),
        (
            [Step("s", *[At(0, Confine("a", 1))] * 4097)],
            "step s: 4097 operations with a time: a hold has 4096 at most",
        ),
    ],
    ids=str,
)
def test_nonsense_is_refused_before_a_guest_is_started(steps: Sequence[Step], message: str) -> None:
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}"):
        laid_out(*steps, parts=[CgroupDef("a", 2)])


def test_a_cgroup_may_come_again_after_it_was_removed() -> None:
    layout = laid_out(
        Step("s", Remove("a"), CgroupDef("a", 1), repeat=3, hold=0.1), parts=[CgroupDef("a", 2)]
    )
    assert [sorted(phase.members) for phase in layout.phases] == [[2], [0, 1, 2, 3][2:], [3, 4]]


# What was allowed


def test_a_worker_is_allowed_all_that_it_was_allowed_at_some_time_of_the_phase() -> None:
    layout = laid_out(
        Step("before", hold=0.1),
        Step("during", At(0.1, Confine("a", 3)), hold=0.2),
        Step("after", hold=0.1),
        parts=[CgroupDef("a", 1, cpuset=Cpuset.exact([0, 5])), CgroupDef("b", 1)],
    )
    assert [phase.allowed[0] for phase in layout.phases] == [{0, 5}, {0, 1, 2, 3, 5}, {0, 1, 2, 3}]
    assert all(phase.allowed[1] == set(range(8)) for phase in layout.phases)


def test_what_is_set_before_the_workers_run_is_all_that_they_are_allowed() -> None:
    layout = laid_out(Step("s", Confine("a", 1), Confine("a", 0)), parts=[CgroupDef("a", 1)])
    assert layout.phases[0].allowed == {0: {0}}
    (static,) = lay_out(Scenario((CgroupDef("a", 1), Confine("a", 2))), SMALL, 1).phases
    assert static.allowed == {0: {0, 1, 2}}


def test_a_nested_cgroup_is_within_its_parents_and_takes_theirs_if_none_is_left() -> None:
    state = initial_state(SMALL)
    for path, last in (("a", 3), ("a/b", 1)):
        state = Confine(path, last).changes(state.with_cgroup(path, CgroupState()))
    assert [state.cpus(path) for path in ("", "a", "a/b", "a/b/c")] == [
        set(range(8)),
        {0, 1, 2, 3},
        {0, 1},
        {0, 1},
    ]
    assert replace(state, online=frozenset({2, 3})).cpus("a/b") == {2, 3}


NAMES = st.sampled_from(["a", "b", "c"])
OPERATIONS = st.one_of(
    st.builds(AddCgroup, NAMES),
    st.builds(Remove, NAMES),
    st.builds(Confine, NAMES, st.integers(0, 7)),
    st.builds(Spawn, NAMES, st.integers(1, 3), st.just(SpinWait())),
)


def after(state: State, one: Operation) -> tuple[State, str]:
    """The state after an operation, or the same one and why it makes no sense."""
    try:
        return one.changes(state), ""
    except KtstrError as error:
        return state, str(error)


@given(st.lists(OPERATIONS, max_size=30))
def test_any_operations_lead_to_a_state_or_are_refused_in_one_line(some: list[Operation]) -> None:
    state = initial_state(SMALL)
    for one in some:
        state, refused = after(state, one)
        assert not refused or (refused.startswith(f"{one.name}: cgroup=") and "\n" not in refused)
        assert {worker.cgroup for worker in state.workers} <= set(state.cgroups)
        indices = [worker.index for worker in state.workers]
        assert indices == sorted(set(indices))
        assert all(index < state.spawned for index in indices)
        assert not state.removed & set(state.cgroups)
        assert all(
            state.allowed(worker) and state.allowed(worker) <= state.online for worker in state.workers
        )
