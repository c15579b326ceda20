"""A cgroup of a scenario: its CPUs and its workers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import CgroupName, CpusetOrAll, MakeCgroup
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.policy import POLICY, REAL_TIME, Policy
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work_type import WorkType
from ktstr.scenario.workers import WORKERS, Work, Workers, WorkerSettings

__all__ = ["REAL_TIME", "CgroupDef", "Policy"]


@dataclass(frozen=True)
class CgroupDef(WorkerSettings):
    """A cgroup with `workers` processes (None: one for each of its CPUs) that do `work` under `policy`.

    `cpuset=None` leaves it all CPUs. `work` is any WorkType, also one of your own (docs/extending.md). `groups` are
    several groups of workers instead, each with work, policy and settings of its own.
    """

    name: str
    """Its name in cgroupfs."""
    workers: int | None = None
    cpuset: Cpuset | None = None
    work: WorkType = field(default_factory=SpinWait)
    policy: Policy = "normal"
    groups: tuple[Workers, ...] = ()
    """Its groups of workers, if there is more than one."""

    def __post_init__(self) -> None:
        CgroupName().check(self.name, f"cgroup {shown(self.name)}: name")
        where = f"cgroup {self.name}"
        if self.workers is not None:
            WORKERS.check(self.workers, f"{where}: workers")
        CpusetOrAll().check(self.cpuset, f"{where}: cpuset")
        Work().check(self.work, f"{where}: work")
        POLICY.check(self.policy, f"{where}: policy")
        self.check_settings(self.policy, where)
        object.__setattr__(self, "groups", tuple(self.groups))
        for group in self.groups:
            if not isinstance(group, Workers):
                raise KtstrError(f"{where}: groups: {shown(group)}: must be Workers(...)")
        names = [group.group for group in self.groups]
        if twice := {name for name in names if name and names.count(name) > 1}:
            raise KtstrError(f"{where}: groups: group {min(twice)} is there twice; must be another name")
        only = CgroupDef(self.name, cpuset=self.cpuset) if self.groups else self
        if self.groups and replace(self, groups=()) != only:
            raise KtstrError(
                f"{where}: groups: each has work and settings of its own; must be given without others"
            )

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs its workers may run on; KtstrError if its cpuset has no CPU on `topology`."""
        return MakeCgroup(self.name, self.cpuset).cpus(topology)

    @property
    def all_groups(self) -> tuple[Workers, ...]:
        """Its groups of workers; its only one if none were given."""
        return self.groups or (Workers(self.workers, self.work, self.policy, **self.settings),)

    def worker_count(self, topology: Topology) -> int:
        """How many workers it has on `topology`."""
        each = len(self.cpus(topology))
        return sum(each if group.count is None else group.count for group in self.all_groups)

    def operations(self, topology: Topology) -> tuple[Operation, ...]:
        """What makes it in a guest of `topology`."""
        each = len(self.cpus(topology))
        spawns = (
            Spawn(
                self.name,
                each if group.count is None else group.count,
                group.work,
                group.policy,
                group.group,
                **group.settings,
            )
            for group in self.all_groups
        )
        return (MakeCgroup(self.name, self.cpuset), *spawns)

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its work needs in the agent."""
        files = (group.work.source_file() for group in self.all_groups)
        return tuple(dict.fromkeys(file for file in files if file is not None))

    def __str__(self) -> str:
        where = "all CPUs" if self.cpuset is None else str(self.cpuset)
        return f"cgroup {self.name}, {where}: {'; '.join(str(group) for group in self.all_groups)}"
