"""A cgroup of a scenario: its CPUs and its workers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Whole
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import AddCgroup, CgroupName, CpusetOrAll
from ktstr.scenario.operations.set_bandwidth import SetBandwidth
from ktstr.scenario.operations.set_idle import SetIdle
from ktstr.scenario.operations.set_limit import SetLimit
from ktstr.scenario.operations.set_weight import WEIGHT, SetWeight
from ktstr.scenario.operations.spawn import Spawn
from ktstr.scenario.policy import POLICY, REAL_TIME, Policy
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work_type import WorkType
from ktstr.scenario.workers import WORKERS, Work, Workers, WorkerSettings

__all__ = ["REAL_TIME", "CgroupDef", "Policy"]


@dataclass(frozen=True)
class CgroupDef(WorkerSettings):
    """A cgroup with `workers` processes (None: one for each CPU that is online) that do `work` under `policy`.

    `cpuset=None` leaves it all CPUs. `work` is any WorkType, also one of your own (docs/extending.md). `weight` is its
    `cpu.weight`, `quota_ms` in each `period_ms` its `cpu.max`, `idle` its `cpu.idle`, `pids_max` and `memory_max` (in
    bytes) are limits of other controllers; None leaves what the kernel has. `groups` are several groups of workers
    instead, each with work, policy and settings of its own. AddCgroup makes a cgroup without workers.
    """

    name: str
    """Its path in cgroupfs: `a`, or `a/b/c`, of which `a` and `a/b` are made if they are not there yet."""
    workers: int | None = None
    cpuset: Cpuset | None = None
    work: WorkType = field(default_factory=SpinWait)
    policy: Policy = "normal"
    weight: int | None = None
    quota_ms: float | None = None
    period_ms: float = 100
    idle: bool = False
    pids_max: int | None = None
    memory_max: int | None = None
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
        if self.groups:
            given = replace(self, groups=())
            alone = replace(
                given, workers=None, work=SpinWait(), policy="normal", **WorkerSettings().settings
            )
            if given != alone:
                raise KtstrError(
                    f"{where}: groups: each has work and settings of its own; must be given without others"
                )
        if self.weight is not None:
            WEIGHT.check(self.weight, f"{where}: weight")
        for name in ("pids_max", "memory_max"):
            if getattr(self, name) is not None:
                Whole().check(getattr(self, name), f"{where}: {name}")
        if not isinstance(self.idle, bool):
            raise KtstrError(f"{where}: idle={shown(self.idle)}: must be True or False")
        try:
            self._settings()
        except KtstrError as error:
            raise KtstrError(f"{where}: {error}") from None

    def _settings(self) -> tuple[Operation, ...]:
        """The operations that give it its limits and its share."""
        some: list[Operation] = []
        if self.weight is not None:
            some.append(SetWeight(self.name, self.weight))
        if self.idle:
            some.append(SetIdle(self.name))
        if self.quota_ms is not None or self.period_ms != 100:
            some.append(SetBandwidth(self.name, self.quota_ms, self.period_ms))
        if self.pids_max is not None:
            some.append(SetLimit(self.name, "pids.max", self.pids_max))
        if self.memory_max is not None:
            some.append(SetLimit(self.name, "memory.max", self.memory_max))
        return tuple(some)

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs its workers may run on; KtstrError if its cpuset has no CPU on `topology`."""
        return AddCgroup(self.name, self.cpuset).cpus(topology)

    @property
    def all_groups(self) -> tuple[Workers, ...]:
        """Its groups of workers; its only one if none were given."""
        return self.groups or (Workers(self.workers, self.work, self.policy, **self.settings),)

    def worker_count(self, topology: Topology, online: frozenset[int] | None = None) -> int:
        """How many workers it has on `topology`, while the CPUs `online` (None: all) are."""
        each = self._each(topology, online)
        return sum(each if group.count is None else group.count for group in self.all_groups)

    def _each(self, topology: Topology, online: frozenset[int] | None) -> int:
        """The workers of a group that does not say how many: one, if all its CPUs are offline."""
        cpus = self.cpus(topology)
        return max(1, len(cpus if online is None else cpus & online))

    def operations(self, topology: Topology, online: frozenset[int] | None = None) -> tuple[Operation, ...]:
        """What makes it in a guest of `topology`, while the CPUs `online` (None: all) are."""
        each = self._each(topology, online)
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
        return (AddCgroup(self.name, self.cpuset), *self._settings(), *spawns)

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its work needs in the agent."""
        files = (group.work.source_file() for group in self.all_groups)
        return tuple(dict.fromkeys(file for file in files if file is not None))

    def __str__(self) -> str:
        where = "all CPUs" if self.cpuset is None else str(self.cpuset)
        several = "".join(f", {str(one).replace(f' cgroup={self.name}', '', 1)}" for one in self._settings())
        groups = "; ".join(str(group) for group in self.all_groups)
        return f"cgroup {self.name}, {where}: {groups}{several}"
