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
    """A set of CPUs; made by `llc`, `numa`, `exact`, `disjoint`, `range`, `overlap`."""

    kind: Literal["llc", "numa", "exact", "disjoint", "range", "overlap"]
    """How it was made."""
    values: tuple[float, ...]
    """What it was made from: an index, CPU numbers, an index and a number of parts, or fractions."""

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

    @classmethod
    def range(cls, begin: float, end: float) -> Cpuset:
        """The usable CPUs from the fraction `begin` of their number to the fraction `end`: `range(0, 0.5)` is half."""
        begin, end = _fraction(begin, "range: begin"), _fraction(end, "range: end")
        if begin >= end:
            raise KtstrError(f"cpuset range({begin:g}, {end:g}): begin must be less than end")
        return cls("range", (begin, end))

    @classmethod
    def overlap(cls, index: int, parts: int, fraction: float) -> Cpuset:
        """Part `index` of `disjoint`, extended into both neighbours by `fraction` of its size."""
        whole(parts, "cpuset overlap: parts", 1, MAX_CPUS)
        index = whole(index, "cpuset overlap: index", 0, parts - 1)
        return cls("overlap", (index, parts, _fraction(fraction, "overlap: fraction")))

    def cpus(self, topology: Topology) -> frozenset[int]:
        """The CPUs it means; KtstrError if the topology has none of them."""
        usable = sorted(usable_cpus(topology))
        count = len(usable)
        if self.kind == "exact":
            cpus = frozenset(map(int, self.values))
            if beyond := [cpu for cpu in self.values if cpu >= topology.cpus]:
                raise KtstrError(f"{self}: topology {topology} has no CPU {beyond[0]}")
        elif self.kind == "range":
            begin, end = self.values
            cpus = frozenset(usable[_cut(count * begin) : _cut(count * end)])
        elif self.kind in ("disjoint", "overlap"):
            index, parts = map(int, self.values[:2])
            first, last = count * index // parts, count * (index + 1) // parts
            more = _cut((last - first) * self.values[2]) if self.kind == "overlap" else 0
            cpus = frozenset(usable[max(0, first - more) : last + more])
        else:
            count = topology.llcs if self.kind == "llc" else topology.numa_nodes
            index = int(self.values[0])
            if index >= count:
                raise KtstrError(f"{self}: topology {topology} has {count}, numbered from 0")
            members = topology.llc_cpus(index) if self.kind == "llc" else topology.node_cpus(index)
            # An LLC with no other CPU than the one left to the root cgroup must not be empty.
            cpus = members & frozenset(usable) or members
        if not cpus:
            raise KtstrError(f"{self}: means no CPU on topology {topology}")
        return cpus

    def __str__(self) -> str:
        return f"cpuset {self.kind}({', '.join(f'{value:g}' for value in self.values)})"


def _cut(cpus: float) -> int:
    """A number of CPUs, rounded down; a product such as 10 * 0.7 counts as the 7 that it is meant to be."""
    return int(cpus + 1e-9)


def _fraction(value: object, where: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:  # type: ignore[operator]
        raise KtstrError(f"cpuset {where}={shown(value)}: must be a fraction of the usable CPUs, from 0 to 1")
    return value  # type: ignore[return-value]


def _index(kind: str, value: object) -> int:
    return whole(value, f"cpuset {kind}", 0, MAX_CPUS - 1)


def usable_cpus(topology: Topology) -> frozenset[int]:
    """The CPUs that scenarios divide up: all, or if there are more than two, all but the last, the root cgroup's."""
    return frozenset(range(topology.cpus - 1 if topology.cpus > 2 else topology.cpus))
