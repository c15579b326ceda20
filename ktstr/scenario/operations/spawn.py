"""The operation `spawn`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.scenario.affinity import Affinity
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import NOT_THERE, require_place
from ktstr.scenario.policy import POLICY, Policy
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work_type import WorkType
from ktstr.scenario.workers import WORKERS, CgroupOrRoot, GroupName, Work, WorkerSettings

__all__ = ["Spawn"]

# What init_task may return to refuse a task; ktstr starts no more than the kernel itself allows.
_ERRNOS = (errno.ENOMEM, errno.ENOSPC, errno.E2BIG, errno.EINVAL, errno.EPERM, errno.EBUSY, errno.EEXIST)


@dataclass(frozen=True)
class Spawn(WorkerSettings, Operation):
    """Starts `workers` processes in `cgroup`, which was made before (empty: the root), that do `work` under `policy`.

    They begin with the next hold, or at once within one. `group` is a name by which other operations find them.
    """

    name = "spawn"
    tolerated = NOT_THERE
    refusals = MappingProxyType(dict.fromkeys(_ERRNOS, "init_task"))
    cgroup: Annotated[str, CgroupOrRoot()]
    """Where; empty: in the root cgroup."""
    workers: Annotated[int, WORKERS] = 1
    """How many."""
    work: Annotated[WorkType, Work()] = field(default_factory=SpinWait)
    """What they do."""
    policy: Annotated[Policy, POLICY] = "normal"
    """Their scheduling policy."""
    group: Annotated[str, GroupName()] = ""
    """The name of the group."""

    def check(self) -> None:
        """KtstrError naming the argument that is not acceptable, or that `policy` does not take."""
        super().check()
        self.check_settings(self.policy, self.label)
        if self.workers % self.work.together:
            raise KtstrError(
                f"{self.label}: workers={self.workers}: must be a multiple of {self.work.together} for {self.work.name}"
            )

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The cgroup, the number, the work type, `policy=`, and the settings."""
        group = (f"+group={self.group}",) if self.group else ()
        settings = self.setting_words(self.policy, topology)
        return (
            *(self.cgroup, str(self.workers), *self.work.tokens, f"policy={self.policy}"),
            *(*group, *settings),
        )

    def expand(self, state: State, hold_s: float, seed: int) -> tuple[Operation, ...]:
        """Itself, with the CPUs of its affinity chosen."""
        if self.affinity is None:
            return (self,)
        use = f"{self.cgroup} {self.group} {state.spawned}"
        allowed = state.cpus(self.cgroup)
        return (replace(self, affinity=_settled(self, self.affinity, state, allowed, seed, use)),)

    def changes(self, state: State) -> State:
        """More workers in the cgroup; KtstrError if there is no such cgroup."""
        require_place(state, self.cgroup, f"{self.label}: cgroup")
        allowed = state.cpus(self.cgroup)
        if self.policy == "deadline" and allowed != state.online:
            raise KtstrError(
                f"{self.label}: policy=deadline: the kernel wants all CPUs for it; must be in a cgroup without a cpuset"
            )
        affinity = self.affinity
        if affinity is not None and not affinity.chosen:
            affinity = _settled(self, affinity, state, allowed, 0, "")
        more = state.with_workers(
            self.workers,
            self.cgroup,
            group=self.group,
            policy=self.policy,
            nice=self.nice,
            slice_ms=self.slice_ms,
            alike=self.work.alike,
        )
        if affinity is None:
            return more
        last = (
            replace(one, affinity=affinity.of(one.index - state.spawned))
            for one in more.workers[len(state.workers) :]
        )
        return replace(more, workers=(*state.workers, *last))

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its work needs in the agent."""
        own = self.work.source_file()
        return () if own is None else (own,)

    def __str__(self) -> str:
        where = f"cgroup={self.cgroup}" if self.cgroup else "the root cgroup"
        group = f", group={self.group}" if self.group else ""
        return (
            f"{self.name} {where}: {self.workers} workers: {self.work}, policy {self.policy}{group}"
            f"{self.described()}"
        )


def _settled(
    spawn: Spawn, affinity: Affinity, state: State, allowed: frozenset[int], seed: int, use: str
) -> Affinity:
    try:
        return affinity.settled(state.topology, allowed, spawn.workers, seed, use)
    except KtstrError as error:
        raise KtstrError(f"{spawn.label}: affinity: {error}") from None
