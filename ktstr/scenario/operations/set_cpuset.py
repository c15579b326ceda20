"""The operation `set_cpuset`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from ktstr.base.topology import Topology, cpu_list
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import (
    NOT_THERE,
    CgroupName,
    CpusetOrAll,
    cpus_of,
    require_controller,
    require_online,
)

__all__ = ["SetCpuset"]


@dataclass(frozen=True)
class SetCpuset(Operation):
    """Confines a cgroup to the CPUs of `cpuset` (`cpuset.cpus`)."""

    name = "set_cpuset"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    cpuset: Annotated[Cpuset, CpusetOrAll(required=True)]
    """The CPUs."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The path and the list of CPUs. KtstrError if the cpuset has no CPU on `topology`."""
        return (self.cgroup, cpu_list(cpus_of(self.cpuset, self.cgroup, topology)))

    def changes(self, state: State) -> State:
        """The cgroup has that cpuset; KtstrError if there is no such cgroup, or if all of its CPUs are offline."""
        known = require_controller(state, self.cgroup, "cpuset", self.label)
        cpus = cpus_of(self.cpuset, self.cgroup, state.topology)
        require_online(state, cpus, f"{self.label}: cgroup {self.cgroup}: {self.cpuset}")
        return state.with_cgroup(self.cgroup, replace(known, cpuset=cpus))
