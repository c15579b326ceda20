"""The operation `remove_cgroup`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName

__all__ = ["RemoveCgroup"]


@dataclass(frozen=True)
class RemoveCgroup(Operation):
    """Ends the workers of a cgroup and of those below it, and removes them all.

    The kernel refuses it (EBUSY) if a task has not ended after 2 guest seconds, because the scheduler starves it.
    """

    name = "remove_cgroup"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""

    def changes(self, state: State) -> State:
        """The cgroup, what is below it and their workers are gone; KtstrError if there is no such cgroup."""
        state.require(self.cgroup, f"{self.label}: cgroup")
        return state.without_cgroup(self.cgroup)
