"""The operation `move_tasks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, refused_by, require_place

__all__ = ["MoveTasks"]


@dataclass(frozen=True)
class MoveTasks(Operation):
    """Moves the first `count` workers of a cgroup (0: all, and whatever else runs in it) into another.

    Empty is the root cgroup, of which only workers are moved. A task that ends meanwhile is passed over.
    """

    name = "move_tasks"
    tolerated = NOT_THERE
    refusals = refused_by("cgroup_prep_move")
    cgroup: Annotated[str, CgroupName(root=True)]
    """The path of the cgroup."""
    to: Annotated[str, CgroupName(root=True)]
    """The path of the cgroup that they go to."""
    count: Annotated[int, Whole(0, MAX_WORKERS)] = 0
    """How many workers; 0: all."""

    def check(self) -> None:
        """Raise KtstrError unless they are two cgroups."""
        super().check()
        if self.cgroup == self.to:
            raise KtstrError(f"{self.label}: to={self.to!r}: must be another cgroup than the one they are in")

    def changes(self, state: State) -> State:
        """The workers are in the other cgroup; KtstrError if a cgroup does not exist or can have no task."""
        if self.cgroup:
            state.require(self.cgroup, f"{self.label}: cgroup")
        require_place(state, self.to, f"{self.label}: to")
        there = [one.index for one in state.workers if one.cgroup == self.cgroup]
        if not there and self.count:
            raise KtstrError(f"{self.label}: cgroup={self.cgroup!r}: it has no workers at that moment")
        chosen = frozenset(there[: self.count] if self.count else there)
        return state.change_workers(lambda one: one.index in chosen, cgroup=self.to)
