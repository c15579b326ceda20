"""The operation `set_weight`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["WEIGHT", "SetWeight"]

WEIGHT = Whole(1, 10_000)
"""What the kernel accepts as `cpu.weight`."""


@dataclass(frozen=True)
class SetWeight(Operation):
    """Sets a cgroup's `cpu.weight`: its share of CPU time among its siblings; 100 is the default."""

    name = "set_weight"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    weight: Annotated[int, WEIGHT]
    """The weight, from 1 to 10000."""

    def changes(self, state: State) -> State:
        """The cgroup has that weight; KtstrError if there is no such cgroup."""
        known = require_controller(state, self.cgroup, "cpu", self.label)
        return state.with_cgroup(self.cgroup, replace(known, weight=self.weight))
