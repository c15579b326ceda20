"""The operation `cgroup`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology, cpu_list
from ktstr.base.values import shown
from ktstr.scenario.argument import Argument
from ktstr.scenario.cpuset import Cpuset
from ktstr.scenario.model import CgroupState, State
from ktstr.scenario.operation import Operation

__all__ = ["CgroupName", "CpusetOrAll", "MakeCgroup"]

# What cgroupfs accepts as a name, less what would need quoting in a log.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
_KERNELS = ("cgroup.", "cpuset.", "cpu.")


@dataclass(frozen=True)
class CgroupName(Argument):
    """The name of a cgroup, which is a folder in cgroupfs."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for a name that is none, or that looks like one of the kernel's files."""
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise KtstrError(f"{where}={shown(value)}: must be 1 to 63 letters, digits, '_', '-' or '.'")
        if value.startswith(_KERNELS):
            raise KtstrError(f"{where}={value!r}: the kernel's own files begin like this")

    def words(self, value: str) -> tuple[str, ...]:
        """The name itself."""
        return (value,)


@dataclass(frozen=True)
class CpusetOrAll(Argument):
    """A Cpuset, or None for all CPUs."""

    def check(self, value: object, where: str) -> None:
        """Raise KtstrError for anything else."""
        if value is not None and not isinstance(value, Cpuset):
            raise KtstrError(f"{where}={shown(value)}: must be a Cpuset, such as Cpuset.llc(0)")

    def words(self, value: Cpuset | None) -> tuple[str, ...]:
        """The cpuset in terms of a topology; `arguments` of an operation turns it into CPUs."""
        return ("-" if value is None else str(value),)


@dataclass(frozen=True)
class MakeCgroup(Operation):
    """Makes a cgroup under the root, confined to the CPUs of `cpuset` (None: all CPUs)."""

    name = "cgroup"
    instead = "CgroupDef(...)"
    cgroup: Annotated[str, CgroupName()]
    cpuset: Annotated[Cpuset | None, CpusetOrAll()] = None

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """The name, and the list of CPUs or `-`. KtstrError if the cpuset has no CPU on `topology`."""
        return (self.cgroup, "-" if self.cpuset is None else cpu_list(self.cpus(topology)))

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs that its tasks may run on; KtstrError if the cpuset has no CPU on `topology`."""
        if self.cpuset is None:
            return frozenset(range(topology.cpus))
        try:
            return self.cpuset.cpus(topology)
        except KtstrError as error:
            raise KtstrError(f"cgroup {self.cgroup}: {error}") from None

    def changes(self, state: State) -> State:
        """One cgroup more; KtstrError if there is one of that name."""
        if self.cgroup in state.cgroups:
            raise KtstrError(f"{self.label}: cgroup={self.cgroup!r}: there is such a cgroup already")
        cpuset = None if self.cpuset is None else self.cpus(state.topology)
        if cpuset is not None and not cpuset & state.online:
            raise KtstrError(
                f"{self.label}: cgroup={self.cgroup!r}: {self.cpuset}: no CPU of it is online at that moment;"
                f" online are {cpu_list(state.online)}"
            )
        return state.with_cgroup(self.cgroup, CgroupState(cpuset))
