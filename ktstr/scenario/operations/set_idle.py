"""The operation `set_idle`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["SetIdle"]


@dataclass(frozen=True)
class SetIdle(Operation):
    """Sets a cgroup's `cpu.idle`: whether its tasks are to run only when no others want to."""

    name = "set_idle"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    idle: bool = True
    """Whether it becomes idle."""

    def changes(self, state: State) -> State:
        """The cgroup is idle or is not; KtstrError if there is no such cgroup."""
        known = require_controller(state, self.cgroup, "cpu", self.label)
        return state.with_cgroup(self.cgroup, replace(known, idle=self.idle))
