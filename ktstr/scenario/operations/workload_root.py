"""The operation `workload_root`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import CgroupName

__all__ = ["WorkloadRoot"]


@dataclass(frozen=True)
class WorkloadRoot(Operation):
    """Makes a cgroup below which all others of the scenario are made, before the scheduler starts."""

    name = "workload_root"
    instead = "declare_scheduler(cgroup_parent=...)"
    cgroup: Annotated[str, CgroupName()]
