"""CPU topology: NUMA nodes, LLCs, cores and threads, written `1n2l4c1t`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.values import shown, whole

__all__ = ["DEFAULT_TOPOLOGY", "Topology", "cpu_list", "parse_cpu_list"]

_NOTATION = re.compile(r"([0-9]{1,4})n([0-9]{1,4})l([0-9]{1,4})c([0-9]{1,4})t")


@dataclass(frozen=True, order=True)
class Topology:
    """A guest's CPUs.

    `llcs` is the total over all nodes and must be a multiple of `numa_nodes`; `cores` is per LLC, `threads` is per
    core. CPUs are numbered with threads varying fastest, then cores, LLCs and nodes. Raises KtstrError if a number is
    out of range, or if there are more than 1024 CPUs.
    """

    numa_nodes: int = 1
    llcs: int = 1
    cores: int = 2
    threads: int = 1

    def __post_init__(self) -> None:
        for field in ("numa_nodes", "llcs", "cores", "threads"):
            whole(getattr(self, field), f"topology: {field}", 1, MAX_CPUS)
        if self.cpus > MAX_CPUS:
            raise KtstrError(f"topology {self}: {self.cpus} CPUs; must be at most {MAX_CPUS}")
        if self.llcs % self.numa_nodes:
            raise KtstrError(
                f"topology {self}: llcs={self.llcs} is not a multiple of numa_nodes={self.numa_nodes}"
            )

    @classmethod
    def parse(cls, text: str) -> Topology:
        """The topology written as `text` (`1n2l4c1t`); KtstrError for anything else."""
        match = _NOTATION.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise KtstrError(
                f"topology {shown(text)}: not of the form 1n2l4c1t (NUMA nodes, LLCs, cores, threads)"
            )
        return cls(*(int(group) for group in match.groups()))

    @property
    def cpus(self) -> int:
        """How many CPUs the guest has."""
        return self.llcs * self.cores * self.threads

    @property
    def cpus_per_llc(self) -> int:
        """How many CPUs share one LLC."""
        return self.cores * self.threads

    def llc_cpus(self, llc: int) -> frozenset[int]:
        """The CPUs of LLC number `llc`, counted from 0."""
        first = llc * self.cpus_per_llc
        return frozenset(range(first, first + self.cpus_per_llc))

    def node_cpus(self, node: int) -> frozenset[int]:
        """The CPUs of NUMA node number `node`, counted from 0."""
        size = self.cpus // self.numa_nodes
        return frozenset(range(node * size, (node + 1) * size))

    def __str__(self) -> str:
        return f"{self.numa_nodes}n{self.llcs}l{self.cores}c{self.threads}t"


DEFAULT_TOPOLOGY = Topology(1, 1, 2, 1)
"""The topology of a test that declares none: two CPUs."""


def cpu_list(cpus: frozenset[int]) -> str:
    """A set of CPUs as the kernel writes it: `0-3,7`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_cpu_list(text: str) -> frozenset[int]:
    """The CPUs of a list in the kernel's notation, such as `0-3,7`; ValueError for anything else."""
    cpus: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, dash, last = part.partition("-")
        run = range(int(first), int(last if dash else first) + 1)
        if not run:
            raise ValueError(f"CPU list {text!r}: {part} runs backwards")
        cpus.update(run)
    return frozenset(cpus)
