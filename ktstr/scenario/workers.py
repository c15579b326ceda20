"""Groups of workers: how many, their work, and what the kernel is told of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_WORKERS
from ktstr.base.topology import Topology
from ktstr.base.values import shown
from ktstr.scenario.affinity import Affinity
from ktstr.scenario.argument import Argument, Flag, Whole, arguments_of
from ktstr.scenario.memory_policy import MemoryPolicy
from ktstr.scenario.operations.cgroup import CgroupName
from ktstr.scenario.policy import (
    NICE,
    POLICY,
    PRIORITY,
    SLICE,
    Deadline,
    Policy,
    check_policy,
    check_slice,
    plan_priority,
    slice_ns,
)
from ktstr.scenario.work.spin_wait import SpinWait
from ktstr.scenario.work_type import WorkType

__all__ = ["WORKERS", "CgroupOrRoot", "GroupName", "Kind", "Optionally", "Work", "WorkerSettings", "Workers"]

WORKERS = Whole(1, MAX_WORKERS)
"""How many workers an operation may start: as many as the agent has room for."""

_GROUP = re.compile(r"[A-Za-z0-9_.-]{0,63}")
_COMM = re.compile(r"[!-~]{1,15}")
_MOST_ID = 2**32 - 2


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
class CgroupOrRoot(Argument):
    """The name of a cgroup; empty: the root cgroup."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for a name that no cgroup can have."""
        if value != "":
            CgroupName().check(value, where)

    def words(self, value: str) -> tuple[str, ...]:
        """The name itself."""
        return (value,)


@dataclass(frozen=True)
class GroupName(Argument):
    """The name of a group of workers in a cgroup; empty: none."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if not isinstance(value, str) or not _GROUP.fullmatch(value):
            raise KtstrError(f"{where}={shown(value)}: must be at most 63 letters, digits, '_', '-' or '.'")

    def words(self, value: str) -> tuple[str, ...]:
        """The name itself."""
        return (value,)


@dataclass(frozen=True)
class _Comm(Argument):
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, str) or not _COMM.fullmatch(value):
            raise KtstrError(f"{where}={shown(value)}: must be 1 to 15 printable characters without a space")

    def words(self, value: str) -> tuple[str, ...]:
        return (value,)


@dataclass(frozen=True)
class Kind(Argument):
    """An instance of one class, such as an Affinity."""

    kind: type
    """The class."""
    example: str
    """How one is made."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if not isinstance(value, self.kind):
            raise KtstrError(f"{where}={shown(value)}: must be {self.kind.__name__}, such as {self.example}")

    def words(self, value: Any) -> tuple[str, ...]:
        """It as a text; what is written to a plan needs the topology."""
        return (str(value),)


@dataclass(frozen=True)
class Optionally(Argument):
    """An argument, or None."""

    argument: Argument
    """What a value that is not None must be."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for a value that the argument does not accept."""
        if value is not None:
            self.argument.check(value, where)

    def words(self, value: Any) -> tuple[str, ...]:
        """The value's words; none for None."""
        return () if value is None else self.argument.words(value)


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """What the kernel is told of the workers of a group, beside their policy: fields of all that makes workers."""

    nice: Annotated[int, Whole(*NICE)] = 0
    """Their nice value."""
    priority: Annotated[int | None, Optionally(Whole(*PRIORITY))] = None
    """The priority of fifo and rr; None: 10."""
    deadline: Annotated[Deadline | None, Optionally(Kind(Deadline, "Deadline(1, period_ms=10)"))] = None
    """The reservation of policy deadline."""
    slice_ms: Annotated[float | None, Optionally(SLICE)] = None
    """The slice that each asks for (sched_setattr(2), from Linux 6.12 on), in guest ms; None: the kernel's."""
    affinity: Annotated[Affinity | None, Optionally(Kind(Affinity, "Affinity.single(0)"))] = None
    """The CPUs that each may use; None: all of the cgroup."""
    comm: Annotated[str | None, Optionally(_Comm())] = None
    """Their name in the kernel; None: `ktstr-w` and the worker's number."""
    uid: Annotated[int | None, Optionally(Whole(0, _MOST_ID))] = None
    """The user that they are; None: root."""
    gid: Annotated[int | None, Optionally(Whole(0, _MOST_ID))] = None
    """The group of users that they are in; None: root's."""
    threads: Annotated[bool, Flag()] = False
    """Whether they are threads of one process."""
    memory: Annotated[MemoryPolicy | None, Optionally(Kind(MemoryPolicy, 'MemoryPolicy("bind", {0})'))] = None
    """From which NUMA nodes they get memory; None: from their own."""

    def check_settings(self, policy: str, where: str) -> None:
        """KtstrError, beginning with `where`, for a setting that is wrong or that `policy` does not take."""
        for name, argument in arguments_of(WorkerSettings).items():
            argument.check(getattr(self, name), f"{where}: {name}")
        check_policy(policy, self.priority, self.deadline, where)
        check_slice(policy, self.slice_ms, where)
        if policy == "deadline" and self.affinity is not None and self.affinity.kind != "inherit":
            raise KtstrError(
                f"{where}: affinity={self.affinity}: the kernel wants all CPUs for policy deadline; must be None"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by field, to pass them on."""
        return {one.name: getattr(self, one.name) for one in fields(WorkerSettings)}

    def setting_words(self, policy: str, topology: Topology) -> tuple[str, ...]:
        """What of it is not the default, as `+KEY=VALUE` of the plan's `spawn`."""
        if self.memory is not None:
            self.memory.require(topology, "spawn")
        times = self.deadline.nanoseconds if self.deadline else (None, None, None)
        words: dict[str, object] = {
            "nice": self.nice or None,
            "priority": None if self.priority is None else plan_priority(policy, self.priority),
            "runtime_ns": times[0] or slice_ns(self.slice_ms),  # sched_setattr(2) has one field for both
            "deadline_ns": times[1],
            "period_ns": times[2],
            "affinity": None if self.affinity is None else self.affinity.word(topology),
            "comm": self.comm,
            "uid": self.uid,
            "gid": self.gid,
            "threads": 1 if self.threads else None,
            "memory": self.memory,
        }
        return tuple(f"+{key}={value}" for key, value in words.items() if value is not None)

    def described(self) -> str:
        """What of it is not the default, for people: `, nice=5, comm=io`."""
        changed = (
            (one.name, getattr(self, one.name))
            for one in fields(WorkerSettings)
            if getattr(self, one.name) != one.default
        )
        return "".join(f", {name}={value}" for name, value in changed)


@dataclass(frozen=True)
class Workers(WorkerSettings):
    """A group of workers of a cgroup: `CgroupDef("a", groups=(Workers(2, Bursty(), nice=5, group="io"), ...))`.

    `count` processes (None: one for each CPU of the cgroup), or threads of one process, do `work` under `policy`.
    Operations on running workers name a group by the cgroup and by `group`.
    """

    count: int | None = None
    """How many; None: one for each CPU of the cgroup."""
    work: WorkType = field(default_factory=SpinWait)
    """What they do."""
    policy: Policy = "normal"
    """Their scheduling policy."""
    group: str = ""
    """The name of the group."""

    def __post_init__(self) -> None:
        GroupName().check(self.group, "workers: group")
        where = f"workers {self.group}" if self.group else "workers"
        if self.count is not None:
            WORKERS.check(self.count, f"{where}: count")
        Work().check(self.work, f"{where}: work")
        POLICY.check(self.policy, f"{where}: policy")
        self.check_settings(self.policy, where)

    def __str__(self) -> str:
        count = "a worker for each CPU" if self.count is None else f"{self.count} workers"
        name = f"{self.group}: " if self.group else ""
        return f"{name}{count}: {self.work}, policy {self.policy}{self.described()}"
