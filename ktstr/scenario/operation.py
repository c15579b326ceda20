"""An operation: one line of the plan, checked when it is made and again when the plan is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ktstr.base.topology import Topology
from ktstr.scenario.argument import arguments_of
from ktstr.scenario.part import Part

__all__ = ["Operation"]


@dataclass(frozen=True)
class Operation(Part):
    """Something that the agent does in the guest: a line of the plan, `name` and then the fields in order.

    A subclass is a frozen dataclass that sets `name`, and `source` if a C file of its own project carries it out.
    docs/extending.md shows one. `instead` says what a test gives in place of an operation that ktstr alone puts
    into a plan; an operation without it may be a part of a scenario.
    """

    instead: ClassVar[str] = ""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The line's tokens after the name, for a guest of `topology`: the fields, in order."""
        self.require_arguments()
        return tuple(
            word
            for field, argument in arguments_of(type(self)).items()
            for word in argument.words(getattr(self, field))
        )

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
