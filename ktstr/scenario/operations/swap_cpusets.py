"""The operation `swap_cpusets`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["SwapCpusets"]


@dataclass(frozen=True)
class SwapCpusets(Operation):
    """Gives two cgroups each other's cpuset, one right after the other."""

    name = "swap_cpusets"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    other: Annotated[str, CgroupName()]
    """The path of the other one."""

    def check(self) -> None:
        """Raise KtstrError unless they are two cgroups, neither of them below the other."""
        super().check()
        if f"{self.cgroup}/".startswith(f"{self.other}/") or f"{self.other}/".startswith(f"{self.cgroup}/"):
            raise KtstrError(
                f"{self.label}: other={self.other!r}: must be a cgroup that is neither {self.cgroup} nor above or"
                " below it"
            )

    def changes(self, state: State) -> State:
        """The two cpusets are swapped; KtstrError if a cgroup does not exist."""
        first = require_controller(state, self.cgroup, "cpuset", self.label)
        state.require(self.other, f"{self.label}: other")
        second = require_controller(state, self.other, "cpuset", self.label)
        # In between the first has what the second has; a worker may have been there.
        swapped = state.with_cgroup(self.cgroup, replace(first, cpuset=second.cpuset))
        return swapped.with_cgroup(self.other, replace(second, cpuset=first.cpuset))
