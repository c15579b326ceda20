"""The operation `spawn`."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument, Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.cgroup import CgroupName
from ktstr.scenario.policy import POLICY, Policy
from ktstr.scenario.work_type import WorkType

__all__ = ["WORKERS", "Spawn", "Work"]

WORKERS = Whole(1, MAX_WORKERS)
"""How many workers an operation may start: as many as the agent has room for."""


@dataclass(frozen=True)
class Work(Argument):
    """A work type with its parameters."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything but an instance of a work type."""
        if not isinstance(value, WorkType):
            raise KtstrError(f"{where}={shown(value)}: must be a work type, such as SpinWait()")

    def words(self, value: WorkType) -> tuple[str, ...]:
        """Its name and `key=value`."""
        return value.tokens


@dataclass(frozen=True)
class Spawn(Operation):
    """Forks `workers` processes into a cgroup that was made before; they wait at the gate, then do `work`."""

    name = "spawn"
    instead = "CgroupDef(...)"
    refusals = MappingProxyType({errno.ENOMEM: "init_task"})
    cgroup: Annotated[str, CgroupName()]
    workers: Annotated[int, WORKERS]
    work: Annotated[WorkType, Work()]
    policy: Annotated[Policy, POLICY] = "normal"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The cgroup, the number, the work type, and `policy=`."""
        return (self.cgroup, str(self.workers), *self.work.tokens, f"policy={self.policy}")

    def changes(self, state: State) -> State:
        """More workers in the cgroup; KtstrError if there is no such cgroup."""
        state.require(self.cgroup, f"{self.label}: cgroup")
        return state.with_workers(self.workers, self.cgroup, policy=self.policy)

    def source_files(self) -> tuple[Path, ...]:
        """The C files that its work needs in the agent."""
        own = self.work.source_file()
        return () if own is None else (own,)
