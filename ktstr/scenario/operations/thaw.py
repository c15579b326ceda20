"""The operation `thaw`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName

__all__ = ["Thaw"]


@dataclass(frozen=True)
class Thaw(Operation):
    """Lets the tasks of a frozen cgroup go on."""

    name = "thaw"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""

    def changes(self, state: State) -> State:
        """The cgroup is frozen no more; KtstrError if there is no such cgroup, or if it is not frozen."""
        where = f"{self.label}: cgroup"
        known = state.require(self.cgroup, where)
        if not known.frozen:
            raise KtstrError(f"{where}={self.cgroup!r}: it is not frozen at that moment")
        return state.with_cgroup(self.cgroup, replace(known, frozen=False))
