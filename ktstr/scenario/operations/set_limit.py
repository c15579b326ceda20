"""The operation `set_limit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument, Choice, Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName

__all__ = ["SetLimit"]

_File = Literal["pids.max", "memory.min", "memory.low", "memory.high", "memory.max"]


@dataclass(frozen=True)
class _Most(Argument):
    """A whole number, or None for no limit, which the kernel's files call `max`."""

    def check(self, value: object, where: str) -> None:
        try:
            Whole().check(0 if value is None else value, where)
        except KtstrError:
            raise KtstrError(
                f"{where}={shown(value)}: must be a whole number from 0, or None for no limit"
            ) from None

    def words(self, value: int | None) -> tuple[str, ...]:
        return ("max" if value is None else str(value),)


@dataclass(frozen=True)
class SetLimit(Operation):
    """Writes a limit of another controller than the cpu's: `SetLimit("a", "pids.max", 20)`; memory is in bytes.

    The controller is given to the cgroup if it does not have it yet.
    """

    name = "set_limit"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    file: Annotated[_File, Choice(get_args(_File))]
    """The name of the file."""
    value: Annotated[int | None, _Most()]
    """The limit; None: none."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The path, the file and the value."""
        return (self.cgroup, self.file, *_Most().words(self.value))

    def changes(self, state: State) -> State:
        """Nothing that a host knows of; KtstrError if there is no such cgroup."""
        state.require(self.cgroup, f"{self.label}: cgroup")
        return state
