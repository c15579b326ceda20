"""The host's model of a guest: what a scenario's operations do to cgroups, CPUs and workers, before any guest runs.

It refuses in one line what a guest could only refuse later, and says afterwards what was allowed when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.base.topology import Topology
from ktstr.base.values import shown

__all__ = ["CONTROLLERS", "CgroupState", "Member", "State", "initial_state"]

_SHOWN = 5

CONTROLLERS = frozenset(("cpu", "cpuset"))
"""The controllers that a cgroup has unless an operation takes them away."""


@dataclass(frozen=True)
class CgroupState:
    """A cgroup at one moment."""

    cpuset: frozenset[int] | None = None
    """The CPUs that were set for it; None: those of its parent."""
    frozen: bool = False
    """Whether it is frozen."""
    weight: int = 100
    """Its `cpu.weight`."""
    quota: tuple[int, int] | None = None
    """Its `cpu.max`: ns of CPU time in each period, and the period in ns; None: no limit."""
    idle: bool = False
    """Its `cpu.idle`: whether its tasks run only when no others want to."""
    partition: str = "member"
    """Its `cpuset.cpus.partition`: `member`, `root` or `isolated`."""
    gives: frozenset[str] = CONTROLLERS
    """The controllers that those directly below it have."""


@dataclass(frozen=True)
class Member:
    """A worker at one moment."""

    index: int
    """Its number in the scenario, from 0, in the order in which workers are spawned."""
    cgroup: str
    """The cgroup that it is in; empty: the root cgroup."""
    group: str = ""
    """The name of its group in the cgroup."""
    policy: str = "normal"
    """Its scheduling policy."""
    affinity: frozenset[int] | None = None
    """The CPUs that its affinity allows; None: all."""
    nice: int = 0
    """Its nice value."""
    slice_ms: float | None = None
    """The slice that it asks for, in guest ms; None: the kernel's."""
    stopped: bool = False
    """Whether the scenario keeps it from running."""
    alike: bool = True
    """Whether it does the same as the others of its work type, so that checks may compare them."""


@dataclass(frozen=True)
class State:
    """What there is in the guest at one moment. Its methods return the state after a change."""

    topology: Topology
    """The guest's CPUs."""
    online: frozenset[int]
    """The CPUs that are online."""
    cgroups: Mapping[str, CgroupState] = field(default_factory=dict)
    """The cgroups, by path."""
    workers: tuple[Member, ...] = ()
    """The workers that live, in the order of their numbers."""
    spawned: int = 0
    """How many workers were spawned so far."""
    removed: frozenset[str] = frozenset()
    """The cgroups that were removed."""
    gives: frozenset[str] = CONTROLLERS
    """The controllers that the cgroups directly below the root have."""
    agent_cpu: int = -1
    """The CPU on which the agent stays; -1: it is not known."""
    scheduler: str | None = None
    """The attached scheduler's name; `-` is the test's own, None: the kernel's default schedules."""
    payloads: Mapping[str, str] = field(default_factory=dict)
    """The payloads that may run, by name, and the cgroup that each was started in."""

    def require(self, path: str, where: str) -> CgroupState:
        """The cgroup at `path`; KtstrError, beginning with `where`, if there is none at this moment."""
        if path in self.cgroups:
            return self.cgroups[path]
        if path in self.removed:
            raise KtstrError(
                f"{where}={shown(path)}: it was removed before; must be a cgroup that exists then"
            )
        raise KtstrError(f"{where}={shown(path)}: there is no such cgroup at that moment{self._known()}")

    def with_cgroup(self, path: str, cgroup: CgroupState) -> State:
        """With that cgroup, new or changed."""
        return replace(self, cgroups={**self.cgroups, path: cgroup}, removed=self.removed - {path})

    def without_cgroup(self, path: str) -> State:
        """Without that cgroup and those below it; their workers have ended."""
        gone = {name for name in self.cgroups if name == path or name.startswith(f"{path}/")}
        return replace(
            self,
            cgroups={name: cgroup for name, cgroup in self.cgroups.items() if name not in gone},
            workers=tuple(worker for worker in self.workers if worker.cgroup not in gone),
            removed=self.removed | gone,
        ).without_payloads_below(path)

    def with_workers(self, count: int, cgroup: str, **fields: Any) -> State:
        """With `count` more workers in `cgroup`; `fields` are those of `Member`. KtstrError if there are too many."""
        if self.spawned + count > MAX_WORKERS:
            where = f"cgroup {cgroup}" if cgroup else "the root cgroup"
            total = self.spawned + count
            raise KtstrError(
                f"{where}: {count} workers more are {total} in all: a scenario starts {MAX_WORKERS} at most"
            )
        new = tuple(Member(self.spawned + number, cgroup, **fields) for number in range(count))
        return replace(self, workers=(*self.workers, *new), spawned=self.spawned + count)

    def change_workers(self, some: Callable[[Member], bool], **fields: Any) -> State:
        """With `fields` of `Member` changed for the workers that `some` chooses."""
        return replace(
            self,
            workers=tuple(replace(one, **fields) if some(one) else one for one in self.workers),
        )

    def without_workers(self, some: Callable[[Member], bool]) -> State:
        """Without the workers that `some` chooses: they have ended."""
        return replace(self, workers=tuple(one for one in self.workers if not some(one)))

    def without_payloads_below(self, path: str) -> State:
        """Without the payloads in a cgroup and below it: they were killed."""
        left = {name: at for name, at in self.payloads.items() if not f"{at}/".startswith(f"{path}/")}
        return self if left == self.payloads else replace(self, payloads=left)

    def controllers(self, path: str) -> frozenset[str]:
        """The controllers that a cgroup has: each cgroup above it gives them."""
        names = path.split("/")
        given = self.gives
        for depth in range(1, len(names)):
            given &= self.cgroups["/".join(names[:depth])].gives
        return given

    def cpus(self, path: str) -> frozenset[int]:
        """The CPUs that a cgroup's tasks may use: the kernel takes the parent's if none of its own is left.

        Those of a partition are not for others.
        """
        allowed = self.online - self._taken("", path)
        names = path.split("/") if path else []
        for depth in range(1, len(names) + 1):
            here = "/".join(names[:depth])
            known = self.cgroups.get(here)
            own = known.cpuset if known else None
            if known and known.partition != "member" and own:
                allowed = self.online & own or allowed
            elif own is not None:
                allowed = allowed & own or allowed
            allowed = allowed - self._taken(here, path) or allowed
        return allowed

    def _taken(self, parent: str, path: str) -> frozenset[int]:
        """The CPUs of partitions directly below `parent` that `path` is not in."""
        if not self._partitions:
            return frozenset()
        return frozenset().union(
            *(
                cpus
                for name, cpus in self._partitions.items()
                if name.rpartition("/")[0] == parent and not f"{path}/".startswith(f"{name}/")
            )
        )

    @cached_property
    def _partitions(self) -> Mapping[str, frozenset[int]]:
        return {
            name: one.cpuset for name, one in self.cgroups.items() if one.cpuset and one.partition != "member"
        }

    def allowed(self, worker: Member) -> frozenset[int]:
        """The CPUs that a worker may use; the kernel ignores an affinity of which no CPU is left."""
        cpus = self.cpus(worker.cgroup)
        return cpus if worker.affinity is None else (cpus & worker.affinity or cpus)

    def _known(self) -> str:
        names = sorted(self.cgroups)
        if not names:
            return "; there is none"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names[:_SHOWN])}{more}"


def initial_state(
    topology: Topology, online: frozenset[int] | None = None, scheduler: str | None = None
) -> State:
    """The guest before the first operation. `online` are its CPUs that are (None: all), `scheduler` is attached."""
    known = frozenset(range(topology.cpus)) if online is None else online
    return State(topology, known, agent_cpu=max(known), scheduler=scheduler)
