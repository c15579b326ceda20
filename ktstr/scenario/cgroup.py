"""A cgroup of a scenario: its CPUs and its workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import CgroupName, CpusetOrAll, MakeCgroup
from ktstr.scenario.operations.spawn import WORKERS, Spawn, Work
from ktstr.scenario.policy import POLICY, REAL_TIME, Policy
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work_type import WorkType

__all__ = ["REAL_TIME", "CgroupDef", "Policy"]


@dataclass(frozen=True)
class CgroupDef:
    """A cgroup with `workers` processes (None: one for each of its CPUs) that do `work` under `policy`.

    `cpuset=None` leaves it all CPUs. `work` is any WorkType, also one of your own (docs/extending.md).
    """

    name: str
    """Its name in cgroupfs."""
    workers: int | None = None
    cpuset: Cpuset | None = None
    work: WorkType = field(default_factory=SpinWait)
    policy: Policy = "normal"

    def __post_init__(self) -> None:
        CgroupName().check(self.name, f"cgroup {shown(self.name)}: name")
        where = f"cgroup {self.name}"
        if self.workers is not None:
            WORKERS.check(self.workers, f"{where}: workers")
        CpusetOrAll().check(self.cpuset, f"{where}: cpuset")
        Work().check(self.work, f"{where}: work")
        POLICY.check(self.policy, f"{where}: policy")

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs its workers may run on; KtstrError if its cpuset has no CPU on `topology`."""
        return MakeCgroup(self.name, self.cpuset).cpus(topology)

    def worker_count(self, topology: Topology) -> int:
        """How many workers it has on `topology`."""
        return len(self.cpus(topology)) if self.workers is None else self.workers

    def operations(self, topology: Topology) -> tuple[Operation, ...]:
        """What makes it in a guest of `topology`."""
        return (
            MakeCgroup(self.name, self.cpuset),
            Spawn(self.name, self.worker_count(topology), self.work, self.policy),
        )

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its work needs in the agent."""
        own = self.work.source_file()
        return () if own is None else (own,)

    def __str__(self) -> str:
        where = "all CPUs" if self.cpuset is None else str(self.cpuset)
        count = "a worker for each CPU" if self.workers is None else f"{self.workers} workers"
        return f"cgroup {self.name}, {where}: {count}: {self.work}, policy {self.policy}"
