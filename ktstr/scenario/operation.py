"""An operation: one line of the plan, checked when it is made and again when the plan is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from ktstr.base.topology import Topology
from ktstr.scenario.argument import arguments_of
from ktstr.scenario.model import State
from ktstr.scenario.part import Part

__all__ = ["Operation"]

_NONE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class Operation(Part):
    """Something that the agent does in the guest: a line of the plan, `name` and then the fields in order.

    A subclass is a frozen dataclass that sets `name`, and `source` if a C file of its own project carries it out.
    docs/extending.md shows one. `instead` says what a test gives in place of an operation that ktstr alone puts
    into a plan; an operation without it may be a part of a scenario. `refusals` are the errnos by which the kernel
    passes on that the scheduler refused the operation, with the callback that did: a violation. Those in `tolerated`
    are only reported. By any other errno the operation was the test's mistake, or the kernel cannot do it: an error.
    """

    instead: ClassVar[str] = ""
    refusals: ClassVar[Mapping[int, str]] = _NONE
    tolerated: ClassVar[frozenset[int]] = frozenset()

    @property
    def needs_open_kernel(self) -> bool:
        """Whether a kernel that is locked down would refuse it, as it refuses writes to debugfs."""
        return False

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The line's tokens after the name, for a guest of `topology`: the fields, in order."""
        self.require_arguments()
        return tuple(
            word
            for field, argument in arguments_of(type(self)).items()
            for word in argument.words(getattr(self, field))
        )

    def changes(self, state: State) -> State:
        """The guest after this operation; KtstrError if it makes no sense in `state`, naming operation and argument.

        An operation on cgroups, CPUs or workers overrides it. It is asked before a guest is started, and says which
        CPUs a worker was allowed when.
        """
        return state

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """The operations that the plan has in its place: most are themselves.

        `state` is the guest by then, `hold_s` the length of the step's hold in guest seconds. What is random follows
        from `seed`. An operation at a time of the hold is an `At`.
        """
        return (self,)

    def source_files(self) -> tuple[Path, ...]:
        """The C files that it needs in the agent: its own, and those of what it has in it."""
        own = self.source_file()
        return () if own is None else (own,)

    def tokens(self, topology: Topology) -> tuple[str, ...]:
        """The line of the plan. KtstrError if an argument is not acceptable, or means nothing on `topology`."""
        self.check()
        return (self.name, *self.arguments(topology))

    def __str__(self) -> str:
        values = (
            f"{field}={' '.join(argument.words(getattr(self, field)))}"
            for field, argument in arguments_of(type(self)).items()
        )
        return " ".join((self.name, *values))
