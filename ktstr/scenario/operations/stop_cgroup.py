"""The operation `stop_cgroup`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName

__all__ = ["StopCgroup"]


@dataclass(frozen=True)
class StopCgroup(Operation):
    """Ends the workers of a cgroup and of those below it; the cgroups stay."""

    name = "stop_cgroup"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""

    def changes(self, state: State) -> State:
        """The workers are gone; KtstrError if there is no such cgroup."""
        state.require(self.cgroup, f"{self.label}: cgroup")
        left = state.without_workers(lambda one: f"{one.cgroup}/".startswith(f"{self.cgroup}/"))
        return left.without_payloads_below(self.cgroup)
