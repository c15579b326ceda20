"""The operation `at`: another one, at a guest time of the step's hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation

__all__ = ["At"]

_NS = 1_000_000_000
_LONGEST_S = 3600


@dataclass(frozen=True)
class _Moment(Argument):
    """Guest seconds from the begin of a hold, from 0 to an hour; the plan has nanoseconds."""

    def check(self, value: object, where: str) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= _LONGEST_S:  # type: ignore[operator]
            raise KtstrError(f"{where}={shown(value)}: must be guest seconds, from 0 to {_LONGEST_S}")

    def words(self, value: float) -> tuple[str, ...]:
        return (str(round(value * _NS)),)


@dataclass(frozen=True)
class _Queued(Argument):
    """An operation that a scenario may have."""

    def check(self, value: object, where: str) -> None:
        if not isinstance(value, Operation):
            raise KtstrError(f"{where}={shown(value)}: must be an operation")
        if isinstance(value, At):
            raise KtstrError(f"{where}={value}: must be another operation: it has a time already")
        if value.instead:
            raise KtstrError(f"{where}={value.name}: ktstr puts it into the plan; use {value.instead}")

    def words(self, value: Operation) -> tuple[str, ...]:
        return (str(value),)


@dataclass(frozen=True)
class At(Operation):
    """`operation` at the guest time `at_s` of the step's hold, in seconds from the hold's begin."""

    name = "at"
    at_s: Annotated[float, _Moment()]
    operation: Annotated[Operation, _Queued()]

    @property
    def at_ns(self) -> int:
        """The time in guest nanoseconds."""
        return round(self.at_s * _NS)

    @property
    def needs_open_kernel(self) -> bool:
        """Whether the other operation does."""
        return self.operation.needs_open_kernel

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The time in ns, and the line of the other operation."""
        return (str(self.at_ns), *self.operation.tokens(topology))

    def changes(self, state: State) -> State:
        """What the other operation does."""
        return self.operation.changes(state)

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """What the other operation expands to, at the same time."""
        return tuple(
            one if isinstance(one, At) else At(self.at_s, one)
            for one in self.operation.expand(state, hold_s, seed)
        )

    def __str__(self) -> str:
        return f"at {self.at_s:g} s: {self.operation}"
