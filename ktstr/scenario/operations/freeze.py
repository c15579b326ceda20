"""The operation `freeze`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, above

__all__ = ["Freeze"]


@dataclass(frozen=True)
class Freeze(Operation):
    """Freezes a cgroup and those below it (`cgroup.freeze`), and waits until all their tasks have stopped.

    A task stops when it next runs. If one has not stopped after 2 guest seconds, the operation counts as refused
    (ETIMEDOUT).
    """

    name = "freeze"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""

    def changes(self, state: State) -> State:
        """The cgroup is frozen; KtstrError if there is no such cgroup, or if it is frozen already."""
        where = f"{self.label}: cgroup"
        known = state.require(self.cgroup, where)
        for path in (*above(self.cgroup), self.cgroup):
            if state.cgroups[path].frozen:
                raise KtstrError(f"{where}={self.cgroup!r}: cgroup {path} is frozen at that moment")
        frozen = replace(known, frozen=True)
        return state.with_cgroup(self.cgroup, frozen)
