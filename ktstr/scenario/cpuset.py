"""Cpusets written in terms of the topology, and the CPUs they mean on a given one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import Topology
from ktstr.base.values import shown, whole

__all__ = ["Cpuset", "usable_cpus"]


@dataclass(frozen=True)
class Cpuset:
    """A set of CPUs; made by `llc`, `numa`, `exact`, `disjoint`."""

    kind: Literal["llc", "numa", "exact", "disjoint"]
    """How it was made."""
    values: tuple[int, ...]
    """What it was made from: an index, CPU numbers, or an index and a number of parts."""

    @classmethod
    def llc(cls, index: int) -> Cpuset:
        """The usable CPUs of one LLC."""
        return cls("llc", (_index("llc", index),))

    @classmethod
    def numa(cls, index: int) -> Cpuset:
        """The usable CPUs of one NUMA node."""
        return cls("numa", (_index("numa", index),))

    @classmethod
    def exact(cls, cpus: Iterable[int]) -> Cpuset:
        """These CPUs."""
        if not isinstance(cpus, Iterable) or isinstance(cpus, str):
            raise KtstrError(f"cpuset exact({shown(cpus)}): must be CPU numbers, such as {{0, 2}}")
        values = {_index("exact", cpu) for cpu in cpus}
        if not values:
            raise KtstrError("cpuset exact(): must have at least one CPU")
        return cls("exact", tuple(sorted(values)))

    @classmethod
    def disjoint(cls, index: int, parts: int) -> Cpuset:
        """Part `index` of the usable CPUs divided into `parts` neighbouring ones of nearly equal size."""
        whole(parts, "cpuset disjoint: parts", 1, MAX_CPUS)
        return cls("disjoint", (whole(index, "cpuset disjoint: index", 0, parts - 1), parts))

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs it means; KtstrError if the topology has none of them."""
        usable = sorted(usable_cpus(topology))
        if self.kind == "exact":
            cpus = frozenset(self.values)
            if beyond := [cpu for cpu in self.values if cpu >= topology.cpus]:
                raise KtstrError(f"{self}: topology {topology} has no CPU {beyond[0]}")
        elif self.kind == "disjoint":
            index, parts = self.values
            cpus = frozenset(usable[len(usable) * index // parts : len(usable) * (index + 1) // parts])
        else:
            count = topology.llcs if self.kind == "llc" else topology.numa_nodes
            (index,) = self.values
            if index >= count:
                raise KtstrError(f"{self}: topology {topology} has {count}, numbered from 0")
            members = topology.llc_cpus(index) if self.kind == "llc" else topology.node_cpus(index)
            # An LLC with no other CPU than the one left to the root cgroup must not be empty.
            cpus = members & frozenset(usable) or members
        if not cpus:
            raise KtstrError(f"{self}: means no CPU on topology {topology}")
        return cpus

    def __str__(self) -> str:
        return f"cpuset {self.kind}({', '.join(map(str, self.values))})"


def _index(kind: str, value: object) -> int:
    return whole(value, f"cpuset {kind}", 0, MAX_CPUS - 1)


def usable_cpus(topology: Topology) -> frozenset[int]:
    """The CPUs that scenarios divide up: all, or if there are more than two, all but the last, the root cgroup's."""
    return frozenset(range(topology.cpus - 1 if topology.cpus > 2 else topology.cpus))
