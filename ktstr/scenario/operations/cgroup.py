"""The operation `cgroup`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from errno import E2BIG, EACCES, EBUSY, EINVAL, EIO, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM, EPROTO, ERANGE
from types import MappingProxyType
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology, cpu_list
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.model import CgroupState, State
from ktstr.scenario.operation import Operation

__all__ = [
    "NOT_THERE",
    "AddCgroup",
    "CgroupName",
    "CpusetOrAll",
    "above",
    "cpus_of",
    "refused_by",
    "require_controller",
    "require_online",
    "require_place",
]

# What cgroupfs accepts as a name, less what would need quoting in a log.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_KERNELS = ("cgroup.", "cpuset.", "cpu.")
_LONGEST = 200  # the agent has room for 255 bytes, the workload root included
# What a callback may return so that the kernel passes it on; the kernel itself has other errors for a wrong request.
_ERRNOS = (E2BIG, EACCES, EBUSY, EINVAL, EIO, ENOMEM, ENOSPC, EOPNOTSUPP, EPERM, EPROTO, ERANGE)

NOT_THERE = frozenset((ENOENT,))
"""`Operation.tolerated` of operations on a cgroup: it is there, as `changes` knows, unless the scheduler refused it."""


def refused_by(callback: str) -> Mapping[int, str]:
    """`Operation.refusals` of an operation that the kernel has `callback` of the scheduler approve."""
    return MappingProxyType(dict.fromkeys(_ERRNOS, callback))


@dataclass(frozen=True)
class CgroupName(Argument):
    """The path of a cgroup below the root, `a` or `a/b/c`: folders in cgroupfs. With `root`, empty: the root."""

    root: bool = False

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for a name that is none, or that looks like one of the kernel's files."""
        if self.root and value == "":
            return
        names = value.split("/") if isinstance(value, str) else [""]
        if not all(_NAME.fullmatch(name) for name in names):
            raise KtstrError(
                f"{where}={shown(value)}: must be 1 to 63 letters, digits, '_', '-' or '.'"
                ", and '/' between the names of a path"
            )
        if len(str(value)) > _LONGEST:
            raise KtstrError(f"{where}={shown(value)}: must be at most {_LONGEST} characters")
        if any(name.startswith(_KERNELS) for name in names):
            raise KtstrError(f"{where}={value!r}: the kernel's own files begin like this")

    def words(self, value: str) -> tuple[str, ...]:
        """The path itself."""
        return (value,)


@dataclass(frozen=True)
class CpusetOrAll(Argument):
    """A Cpuset, or None for all CPUs, unless `required`."""

    required: bool = False

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if (value is None and self.required) or (value is not None and not isinstance(value, Cpuset)):
            raise KtstrError(f"{where}={shown(value)}: must be a Cpuset, such as Cpuset.llc(0)")

    def words(self, value: Cpuset | None) -> tuple[str, ...]:
        """The cpuset in terms of a topology; `arguments` of an operation turns it into CPUs."""
        return ("-" if value is None else str(value),)


@dataclass(frozen=True)
class AddCgroup(Operation):
    """Makes a cgroup without workers, confined to the CPUs of `cpuset` (None: all CPUs).

    Cgroups above it that are not there yet are made, too, and give it the cpu and cpuset controllers. `CgroupDef` makes
    one with workers.
    """

    name = "cgroup"
    refusals = refused_by("cgroup_init")
    cgroup: Annotated[str, CgroupName()]
    """The path of the cgroup."""
    cpuset: Annotated[Cpuset | None, CpusetOrAll()] = None
    """Its CPUs; None: all."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The path, and the list of CPUs or `-`. KtstrError if the cpuset has no CPU on `topology`."""
        return (self.cgroup, "-" if self.cpuset is None else cpu_list(self.cpus(topology)))

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs that its tasks may run on; KtstrError if the cpuset has no CPU on `topology`."""
        if self.cpuset is None:
            return frozenset(range(topology.cpus))
        return cpus_of(self.cpuset, self.cgroup, topology)

    def changes(self, state: State) -> State:
        """One cgroup more, and those above it; KtstrError if there is one of that name, or if it can have none."""
        if self.cgroup in state.cgroups:
            raise KtstrError(f"{self.label}: cgroup={self.cgroup!r}: there is such a cgroup already")
        for parent in above(self.cgroup):
            # cgroups(7), "no internal processes"
            if any(one.cgroup == parent for one in state.workers):
                raise KtstrError(
                    f"{self.label}: cgroup={self.cgroup!r}: cgroup {parent} has workers of its own: must be below one"
                    f" without, made by AddCgroup({parent!r})"
                )
            if parent not in state.cgroups:
                state = state.with_cgroup(parent, CgroupState())
        cpuset = None if self.cpuset is None else self.cpus(state.topology)
        state = state.with_cgroup(self.cgroup, CgroupState(cpuset))
        if cpuset is not None:
            require_controller(state, self.cgroup, "cpuset", self.label)
            require_online(state, cpuset, f"cgroup {self.cgroup}: {self.cpuset}")
        return state


def above(path: str) -> Iterator[str]:
    """The cgroups above the one at `path`, the outermost first, without the root."""
    names = path.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names)))


def cpus_of(cpuset: Cpuset, cgroup: str, topology: Topology) -> frozenset[int]:
    """The CPUs that a cgroup's cpuset means; KtstrError naming the cgroup if it has none on `topology`."""
    try:
        return cpuset.cpus(topology)
    except KtstrError as error:
        raise KtstrError(f"cgroup {cgroup}: {error}") from None


def require_controller(state: State, cgroup: str, controller: str, label: str) -> CgroupState:
    """The cgroup; KtstrError, beginning with the operation's `label`, if it does not exist or lacks `controller`."""
    known = state.require(cgroup, f"{label}: cgroup")
    if controller not in state.controllers(cgroup):
        raise KtstrError(
            f"{label}: cgroup={cgroup!r}: SetControllers has taken the {controller} controller from it; must have it"
        )
    return known


def require_online(state: State, cpus: frozenset[int], where: str) -> None:
    """KtstrError, beginning with `where`, if none of `cpus` is online at that moment."""
    if not cpus & state.online:
        raise KtstrError(
            f"{where}: CPU {cpu_list(cpus)} is offline at that moment; must have a CPU of"
            f" {cpu_list(state.online)}"
        )


def require_place(state: State, cgroup: str, where: str) -> None:
    """KtstrError, beginning with `where`, unless tasks can be put into `cgroup`: it exists and has none below it."""
    if not cgroup:
        return
    state.require(cgroup, where)
    below = next((one for one in state.cgroups if one.startswith(f"{cgroup}/")), None)
    if below is not None:
        raise KtstrError(
            f"{where}={cgroup!r}: it has cgroup {below} below it, and then the kernel lets no task into it;"
            " must be a cgroup without others below it"
        )
