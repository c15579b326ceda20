"""The operation `cpuset_partition`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from ktstr.base.errors import KtstrError
from ktstr.scenario.argument import Choice
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, CgroupName, require_controller

__all__ = ["CpusetPartition"]

_Kind = Literal["member", "root", "isolated"]


@dataclass(frozen=True)
class CpusetPartition(Operation):
    """Makes a cgroup's cpuset a partition of its own (`root`), one without load balancing (`isolated`), or none.

    No other cgroup may use a partition's CPUs then (`cpuset.cpus.partition`). If the kernel says that the partition is
    invalid, the operation counts as refused.
    """

    name = "cpuset_partition"
    tolerated = NOT_THERE
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    kind: Annotated[_Kind, Choice(get_args(_Kind))] = "root"
    """What it becomes."""

    def changes(self, state: State) -> State:
        """The cgroup is that kind of partition; KtstrError if it does not exist or has no cpuset of its own."""
        where = f"{self.label}: cgroup"
        known = require_controller(state, self.cgroup, "cpuset", self.label)
        if self.kind != "member" and known.cpuset is None:
            raise KtstrError(f"{where}={self.cgroup!r}: it has no cpuset of its own; must have one")
        parent = self.cgroup.rpartition("/")[0]
        if self.kind != "member" and parent and state.cgroups[parent].partition == "member":
            raise KtstrError(f"{where}={self.cgroup!r}: its parent {parent} is no partition; must be one")
        return state.with_cgroup(self.cgroup, replace(known, partition=self.kind))
