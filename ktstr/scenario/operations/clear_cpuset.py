"""The operation `clear_cpuset`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["ClearCpuset"]


@dataclass(frozen=True)
class ClearCpuset(Operation):
    """Takes a cgroup's cpuset away: its tasks may run where those of its parent may."""

    name = "clear_cpuset"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""

    def changes(self, state: State) -> State:
        """The cgroup has no cpuset of its own; KtstrError if there is no such cgroup."""
        known = require_controller(state, self.cgroup, "cpuset", self.label)
        return state.with_cgroup(self.cgroup, replace(known, cpuset=None))
