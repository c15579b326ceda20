"""A cgroup of a scenario: its CPUs and its workers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.base.topology import Topology
from ktstr.base.values import shown, whole
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.work import SpinWait, WorkType

__all__ = ["CgroupDef", "Policy"]

# sched(7)'s; the real-time ones never come to a sched_ext scheduler.
Policy = Literal["normal", "batch", "idle", "fifo", "rr"]
REAL_TIME: frozenset[Policy] = frozenset(("fifo", "rr"))

# What cgroupfs takes as a name, less what would need care in a log.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class CgroupDef:
    """A cgroup with `workers` processes (None: one for each of its CPUs) that do `work` under `policy`.

    `cpuset=None` leaves it all CPUs.
    """

    name: str
    workers: int | None = None
    cpuset: Cpuset | None = None
    work: WorkType = field(default_factory=SpinWait)
    policy: Policy = "normal"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise KtstrError(
                f"cgroup {shown(self.name)}: name: must be 1 to 63 letters, digits, '_', '-' or '.'"
            )
        if self.name.startswith(("cgroup.", "cpuset.", "cpu.")):
            raise KtstrError(f"cgroup {self.name!r}: name: the kernel's own files begin like this")
        if self.workers is not None:
            whole(self.workers, f"cgroup {self.name}: workers", 1, MAX_WORKERS)
        if self.cpuset is not None and not isinstance(self.cpuset, Cpuset):
            raise KtstrError(
                f"cgroup {self.name}: cpuset={shown(self.cpuset)}: must be a Cpuset, such as Cpuset.llc(0)"
            )
        if not isinstance(self.work, WorkType):
            raise KtstrError(
                f"cgroup {self.name}: work={shown(self.work)}: must be a work type, such as SpinWait()"
            )
        if self.policy not in get_args(Policy):
            accepted = ", ".join(get_args(Policy))
            raise KtstrError(f"cgroup {self.name}: policy={shown(self.policy)}: must be one of {accepted}")

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs its workers may run on; KtstrError where its cpuset means none of the topology's."""
        if self.cpuset is None:
            return frozenset(range(topology.cpus))
        try:
            return self.cpuset.cpus(topology)
        except KtstrError as error:
            raise KtstrError(f"cgroup {self.name}: {error}") from None

    def worker_count(self, topology: Topology) -> int:
        """How many workers it has on `topology`."""
        return len(self.cpus(topology)) if self.workers is None else self.workers
