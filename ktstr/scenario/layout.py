"""A scenario laid out in time for one guest: its phases, the operations of each, and the states that it goes through.

A phase is one turn of a step, with its hold. A scenario without steps has one phase, which has no name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.model import Member, State, initial_state
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.step import Step

__all__ = ["Layout", "PhasePlan", "lay_out"]

_NS = 1_000_000_000


@dataclass(frozen=True)
class PhasePlan:
    """A phase as it is to happen."""

    name: str
    """The step's name, with the turn if there are several; empty for a scenario without steps."""
    operations: tuple[Operation, ...]
    """What is done at its start, in order."""
    timed: tuple[At, ...]
    """What is done in its hold, in order of time."""
    hold_ns: int
    """The length of the hold, in guest ns."""
    states: tuple[State, ...]
    """The states of the guest while the workers run in it, in order."""

    @cached_property
    def members(self) -> Mapping[int, tuple[Member, ...]]:
        """What each worker was, by its number, in the order of the states in which it lived; each once."""
        found: dict[int, dict[Member, None]] = {}
        for state in self.states:
            for one in state.workers:
                found.setdefault(one.index, {})[one] = None
        return {index: tuple(several) for index, several in found.items()}

    @cached_property
    def allowed(self) -> Mapping[int, frozenset[int]]:
        """All CPUs that each worker was allowed at some time of the phase, by its number."""
        found: dict[int, frozenset[int]] = {}
        for state in self.states:
            same: dict[tuple[str, frozenset[int] | None], frozenset[int]] = {}
            for one in state.workers:
                key = (one.cgroup, one.affinity)
                if key not in same:
                    same[key] = state.allowed(one)
                found[one.index] = found.get(one.index, frozenset()) | same[key]
        return found


@dataclass(frozen=True)
class Layout:
    """A scenario laid out in time."""

    backdrop: tuple[Operation, ...]
    """What is done before the first phase."""
    phases: tuple[PhasePlan, ...]
    """The phases, in order: at least one."""

    @property
    def hold_ns(self) -> int:
        """The length of all holds together, in guest ns."""
        return sum(phase.hold_ns for phase in self.phases)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in their order; of those with a time, the operation itself."""
        of_phases = (one for phase in self.phases for one in (*phase.operations, *phase.timed))
        return tuple(one.operation if isinstance(one, At) else one for one in (*self.backdrop, *of_phases))

    @cached_property
    def refusals(self) -> Mapping[str, Mapping[int, str]]:
        """For each operation by name, the callback that refuses it with an errno (`Operation.refusals`)."""
        return {one.name: one.refusals for one in self.operations}

    @cached_property
    def tolerated(self) -> Mapping[str, frozenset[int]]:
        """For each operation by name, the errnos that are only reported (`Operation.tolerated`)."""
        return {one.name: one.tolerated for one in self.operations}


def lay_out(
    scenario: Scenario,
    topology: Topology,
    duration_s: float,
    seed: int = 0,
    *,
    online: frozenset[int] | None = None,
    scheduler: str | None = None,
) -> Layout:
    """`scenario` in a guest of `topology`, for a test of `duration_s` guest seconds.

    `online` are the CPUs that are online at first (None: all); `scheduler` is attached then (None: the kernel's own).

    KtstrError, with step, operation and argument, for what makes no sense: an operation on a cgroup that does not exist
    at that moment, or at a time that its hold does not have.
    """
    state = initial_state(topology, online, scheduler)
    walk = _Walk([state], seed)
    backdrop, _ = walk.start(scenario.parts, duration_s, "")
    phases: list[PhasePlan] = []
    for step in scenario.steps:
        holds = step.holds(duration_s)
        for turn, hold_s in enumerate(holds, 1):
            name = step.name if len(holds) == 1 else f"{step.name} {turn}/{len(holds)}"
            phases.append(walk.phase(step, name, hold_s, first=not phases, cut=hold_s < holds[0]))
    if not scenario.steps:
        phases.append(PhasePlan("", (), (), round(duration_s * _NS), (walk.states[-1],)))
    return Layout(backdrop, tuple(phases))


class _Walk:
    """The states so far: of the phase that is being laid out, or the last one before it."""

    def __init__(self, states: list[State], seed: int) -> None:
        self.states = states
        self._seed = seed

    def start(
        self, parts: Sequence[CgroupDef | Operation], hold_s: float, where: str
    ) -> tuple[tuple[Operation, ...], list[At]]:
        """The operations of `parts`, in order, and those that have a time."""
        done: list[Operation] = []
        timed: list[At] = []
        for part in parts:
            try:
                several = (
                    part.operations(self.states[-1].topology) if isinstance(part, CgroupDef) else (part,)
                )
                for one in several:
                    for operation in one.expand(self.states[-1], hold_s, self._seed):
                        if isinstance(operation, At):
                            timed.append(operation)
                        else:
                            self._change(operation)
                            done.append(operation)
            except KtstrError as error:
                raise KtstrError(f"{where}{error}") from None
        return tuple(done), timed

    def phase(self, step: Step, name: str, hold_s: float, *, first: bool, cut: bool) -> PhasePlan:
        """The step's next turn. What has a time that only a longer hold has is left out of one that is `cut`."""
        where = f"step {step.name}: "
        self.states = self.states[-1:]
        operations, timed = self.start(step.parts, hold_s, where)
        if first:  # workers run from the first hold on
            self.states = self.states[-1:]
        in_time = [one for one in timed if one.at_ns < round(hold_s * _NS)]
        if len(in_time) < len(timed) and not cut:
            late = next(one for one in timed if one not in in_time)
            raise KtstrError(
                f"{where}{late}: the hold is over by then, it lasts {hold_s:g} s; must be less than that"
            )
        in_time.sort(key=lambda one: one.at_ns)
        for one in in_time:
            try:
                self._change(one)
            except KtstrError as error:
                raise KtstrError(f"{where}at {one.at_s:g} s: {error}") from None
        return PhasePlan(name, operations, tuple(in_time), round(hold_s * _NS), tuple(self.states))

    def _change(self, operation: Operation) -> None:
        after = operation.changes(self.states[-1])
        if after is not self.states[-1]:
            self.states.append(after)
