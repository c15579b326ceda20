"""A scenario laid out in time for one guest: its phases, the operations of each, and the states that it goes through.

A phase is one turn of a step, with its hold. A scenario without steps has one phase, which has no name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_QUEUED
from ktstr.base.topology import Topology
from ktstr.scenario.cgroup import CgroupDef
from ktstr.scenario.model import Member, State, initial_state
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.at import At
from ktstr.scenario.scenario import Scenario

__all__ = ["Drawn", "Layout", "PhasePlan", "lay_out", "leave_out"]

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
    drawn: frozenset[int] = frozenset()
    """The places, among `operations` and then `timed`, of those that another operation stands for."""
    steady: bool = True
    """Whether nothing in its hold changes cgroups, CPUs or workers."""

    @property
    def held_states(self) -> tuple[State, ...]:
        """The states while the hold lasts; with operations in the hold also those of the operations at its start."""
        return self.states if self.timed else self.states[-1:]

    @cached_property
    def members(self) -> Mapping[int, tuple[Member, ...]]:
        """What each worker was, by its number, in the order of the states in which it lived; each once."""
        found: dict[int, dict[Member, None]] = {}
        for before, state in _with_the_one_before(self.states):
            for one in _changed(before, state):
                found.setdefault(one.index, {})[one] = None
        return {index: tuple(several) for index, several in found.items()}

    @cached_property
    def allowed(self) -> Mapping[int, frozenset[int]]:
        """All CPUs that each worker was allowed at some time of the phase, by its number."""
        found: dict[int, frozenset[int]] = {}
        for before, state in _with_the_one_before(self.states):
            # A cgroup more takes no CPU from others, so only workers that are new or changed matter then.
            grown = (
                before and before.online == state.online and before.cgroups.items() <= state.cgroups.items()
            )
            some = _changed(before, state) if grown else state.workers
            same: dict[tuple[str, frozenset[int] | None], frozenset[int]] = {}
            for one in some:
                key = (one.cgroup, one.affinity)
                if key not in same:
                    same[key] = state.allowed(one)
                found[one.index] = found.get(one.index, frozenset()) | same[key]
        return found


@dataclass(frozen=True)
class Drawn:
    """An operation that another one stands for, and where it is."""

    number: int
    """The number of its phase."""
    place: int
    """Its place among the phase's operations."""
    phase: str
    """The phase's name."""
    operation: Operation
    """The operation itself."""

    def __str__(self) -> str:
        return f"step {self.phase}: {self.operation}"


def _with_the_one_before(states: Sequence[State]) -> Iterator[tuple[State | None, State]]:
    return zip((None, *states), states, strict=False)


def _changed(before: State | None, state: State) -> tuple[Member, ...]:
    """The workers that are not as they were before: hundreds of states have hundreds of workers each."""
    if before is None:
        return state.workers
    old = {id(one) for one in before.workers}
    return tuple(one for one in state.workers if id(one) not in old)


@dataclass(frozen=True)
class Layout:
    """A scenario laid out in time."""

    backdrop: tuple[Operation, ...]
    """What is done before the first phase."""
    phases: tuple[PhasePlan, ...]
    """The phases, in order: at least one."""
    start: State | None = None
    """The guest before the first operation; None: all its CPUs are online, under the kernel's own scheduler."""
    attach_at: int = 0
    """The number of the phase at whose start the test's scheduler is attached; 0: it is there before the backdrop."""
    scheduler: str | None = None
    """The name of the scheduler that is attached then; None: the kernel's own is tested."""

    @property
    def attach_ns(self) -> int:
        """The guest ns of holds before the test's scheduler is attached."""
        return sum(phase.hold_ns for phase in self.phases[: self.attach_at])

    @property
    def hold_ns(self) -> int:
        """The length of all holds together, in guest ns."""
        return sum(phase.hold_ns for phase in self.phases)

    @property
    def workers(self) -> int:
        """How many workers there are in all, those that end before others start included."""
        return 1 + max((index for phase in self.phases for index in phase.members), default=-1)

    @property
    def drawn(self) -> tuple[Drawn, ...]:
        """The operations that others stand for, in order of time: what a failure may not need."""
        return tuple(
            Drawn(number, place, phase.name, (*phase.operations, *phase.timed)[place])
            for number, phase in enumerate(self.phases)
            for place in sorted(phase.drawn)
        )

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

    `online` are the CPUs that are online at first (None: all). `scheduler` is attached at first, or with the first step
    that is not `attached=False` (None: the kernel's own).

    KtstrError, with step, operation and argument, for what makes no sense: an operation on a cgroup that does not exist
    at that moment, or at a time that its hold does not have.
    """
    start = initial_state(topology, online, None if scenario.attach_at else scheduler)
    walk = _Walk([start], seed)
    attach_at = 0
    backdrop = tuple(one for one, _ in walk.expand(scenario.parts, duration_s, ""))
    phases: list[PhasePlan] = []
    for number, step in enumerate(scenario.steps):
        holds = step.holds(duration_s)
        if number and number == scenario.attach_at:
            attach_at = len(phases)
            walk.attach(scheduler)
        for turn, hold_s in enumerate(holds, 1):
            name = step.name if len(holds) == 1 else f"{step.name} {turn}/{len(holds)}"
            where = f"step {step.name}: "
            ahead = _Walk(walk.states[-1:], seed)
            some = ahead.expand(step.parts, hold_s, where)
            some = _in_time(some, hold_s, where, cut=hold_s < holds[0])
            try:
                phases.append(walk.phase(name, some, round(hold_s * _NS), first=not phases))
            except KtstrError as error:
                raise KtstrError(f"{where}{error}") from None
    if not scenario.steps:
        phases.append(PhasePlan("", (), (), round(duration_s * _NS), (walk.states[-1],)))
    return Layout(backdrop, tuple(phases), start, attach_at, scheduler)


def _in_time(
    some: Sequence[tuple[Operation, bool]], hold_s: float, where: str, *, cut: bool
) -> list[tuple[Operation, bool]]:
    """What has no time, or one that the hold has. What only a longer hold has is left out of one that is `cut`."""
    late = [one for one, _ in some if isinstance(one, At) and one.at_ns >= round(hold_s * _NS)]
    if late and not cut:
        raise KtstrError(
            f"{where}{late[0]}: the hold is over by then, it lasts {hold_s:g} s; must be less than that"
        )
    left = [(one, drawn) for one, drawn in some if not isinstance(one, At) or one.at_ns < round(hold_s * _NS)]
    if (count := sum(isinstance(one, At) for one, _ in left)) > MAX_QUEUED:
        raise KtstrError(f"{where}{count} operations with a time: a hold has {MAX_QUEUED} at most")
    return left


def leave_out(layout: Layout, some: Collection[Drawn]) -> Layout:
    """`layout` without some of its drawn operations; KtstrError if what is left makes no sense without them."""
    out = {(one.number, one.place) for one in some}
    start = layout.start or initial_state(layout.phases[0].states[0].topology)
    walk = _Walk([start], 0)
    for operation in layout.backdrop:
        walk.change(operation)
    phases: list[PhasePlan] = []
    for number, phase in enumerate(layout.phases):
        if number and number == layout.attach_at:
            walk.attach(layout.scheduler)
        every = enumerate((*phase.operations, *phase.timed))
        kept = [(one, place in phase.drawn) for place, one in every if (number, place) not in out]
        phases.append(walk.phase(phase.name, kept, phase.hold_ns, first=not phases))
    return replace(layout, phases=tuple(phases), start=start)


class _Walk:
    """The states so far: of the phase that is being laid out, or the last one before it."""

    def __init__(self, states: list[State], seed: int) -> None:
        self.states = states
        self._seed = seed

    def expand(
        self, parts: Sequence[CgroupDef | Operation], hold_s: float, where: str
    ) -> list[tuple[Operation, bool]]:
        """The operations of `parts`, in order, and whether another one stands for them. Those without a time are
        carried out."""
        found: list[tuple[Operation, bool]] = []
        for part in parts:
            try:
                now = self.states[-1]
                several = (
                    part.operations(now.topology, now.online) if isinstance(part, CgroupDef) else (part,)
                )
                for one in several:
                    expanded = one.expand(self.states[-1], hold_s, self._seed)
                    for operation in expanded:
                        found.append((operation, expanded != (one,)))
                        if not isinstance(operation, At):
                            self.change(operation)
            except KtstrError as error:
                raise KtstrError(f"{where}{error}") from None
        return found

    def phase(
        self, name: str, some: Sequence[tuple[Operation, bool]], hold_ns: int, *, first: bool
    ) -> PhasePlan:
        """The next phase: `some` operations, each with whether another one stands for it."""
        now = [(one, drawn) for one, drawn in some if not isinstance(one, At)]
        timed = [(one, drawn) for one, drawn in some if isinstance(one, At)]
        timed.sort(key=lambda pair: pair[0].at_ns)
        self.states = self.states[-1:]
        for one, _ in now:
            self.change(one)
        if first:  # workers run from the first hold on
            self.states = self.states[-1:]
        before = len(self.states)
        for late, _ in timed:
            try:
                self.change(late)
            except KtstrError as error:
                raise KtstrError(f"at {late.at_s:g} s: {error}") from None
        drawn_places = frozenset(place for place, (_, drawn) in enumerate([*now, *timed]) if drawn)
        return PhasePlan(
            name,
            tuple(one for one, _ in now),
            tuple(one for one, _ in timed),
            hold_ns,
            tuple(self.states),
            drawn_places,
            steady=len(self.states) == before,
        )

    def attach(self, scheduler: str | None) -> None:
        """Attach the test's scheduler, between two phases."""
        self.states = [replace(self.states[-1], scheduler=scheduler)]

    def change(self, operation: Operation) -> None:
        """Carry out an operation."""
        after = operation.changes(self.states[-1])
        if after is not self.states[-1]:
            self.states.append(after)
