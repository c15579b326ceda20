"""The work type `cgroup_churn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["CgroupChurn"]


@dataclass(frozen=True)
class CgroupChurn(WorkType):
    """Does `burst_iters` steps, moves itself into the next of `cgroups` sibling cgroups, and repeats.

    They are below its own cgroup, and so have the CPUs and limits of that. `WorkerStats.counted` is how often it moved.
    """

    name = "cgroup_churn"
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 256
    cgroups: Annotated[int, Whole(2, 16)] = 2
