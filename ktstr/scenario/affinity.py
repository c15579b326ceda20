"""Affinities of workers: which CPUs each of a group may use, in terms of the topology."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import Topology, cpu_list
from ktstr.base.values import shown, whole

__all__ = ["Affinity", "CpuSets"]

_MOST_SETS = 64
_Kind = Literal["inherit", "subset", "llc", "cross_llc", "single", "exact"]
CpuSets = tuple[frozenset[int], ...]
"""Sets of CPUs: the first worker takes the first, the next the second; after the last they begin anew."""


@dataclass(frozen=True)
class Affinity:
    """The CPUs that the workers of a group may use, beside their cgroup's cpuset.

    Made by `inherit`, `subset`, `llc_aligned`, `cross_llc`, `single`, `exact`. Workers have one each, so of `subset`,
    `llc_aligned` and `cross_llc` they have different ones.
    """

    kind: _Kind
    """How it was made."""
    values: tuple[int, ...] = ()
    """What it was made from: a number of CPUs, or CPUs."""
    chosen: CpuSets = field(default=(), compare=False)
    """The CPUs of each worker; chosen when a scenario is laid out for a topology."""

    @classmethod
    def inherit(cls) -> Affinity:
        """All CPUs that the cgroup has."""
        return cls("inherit")

    @classmethod
    def subset(cls, count: int) -> Affinity:
        """So many CPUs of the cgroup's, others for each worker; they follow from the run's seed."""
        return cls("subset", (whole(count, "affinity subset: count", 1, MAX_CPUS),))

    @classmethod
    def llc_aligned(cls) -> Affinity:
        """The CPUs of one LLC, of the next LLC for the next worker."""
        return cls("llc")

    @classmethod
    def cross_llc(cls) -> Affinity:
        """One CPU of each LLC, the next one for the next worker."""
        return cls("cross_llc")

    @classmethod
    def single(cls, cpu: int) -> Affinity:
        """One CPU, the same for all."""
        return cls("single", (whole(cpu, "affinity single: cpu", 0, MAX_CPUS - 1),))

    @classmethod
    def exact(cls, cpus: Iterable[int]) -> Affinity:
        """These CPUs."""
        if not isinstance(cpus, Iterable) or isinstance(cpus, str):
            raise KtstrError(f"affinity exact({shown(cpus)}): must be CPU numbers, such as {{0, 2}}")
        values = {whole(cpu, "affinity exact: cpu", 0, MAX_CPUS - 1) for cpu in cpus}
        if not values:
            raise KtstrError("affinity exact(): must have at least one CPU")
        return cls("exact", tuple(sorted(values)))

    def settled(
        self, topology: Topology, allowed: frozenset[int], count: int, seed: int, use: str
    ) -> Affinity:
        """With the CPUs of `count` workers in a cgroup that may use `allowed`.

        `seed` and `use`, a text for what they are, decide what is random. KtstrError if no CPU is left.
        """
        if self.kind == "inherit":
            return replace(self, chosen=(frozenset(range(topology.cpus)),))
        if self.kind in ("single", "exact"):
            return replace(self, chosen=(self._fixed(topology, allowed),))
        if self.kind == "subset":
            # See scenario/perturb.py: a text is hashed the same way everywhere.
            source = random.Random(f"ktstr affinity {seed} {use}")
            size = min(self.values[0], len(allowed))
            several = (frozenset(source.sample(sorted(allowed), size)) for _ in range(min(count, _MOST_SETS)))
            return replace(self, chosen=tuple(several))
        llcs = [sorted(topology.llc_cpus(llc) & allowed) for llc in range(topology.llcs)]
        llcs = [cpus for cpus in llcs if cpus]
        if self.kind == "llc":
            return replace(self, chosen=tuple(frozenset(cpus) for cpus in llcs)[:_MOST_SETS])
        turns = min(_MOST_SETS, count, max(len(cpus) for cpus in llcs))
        crossing = (frozenset(cpus[turn % len(cpus)] for cpus in llcs) for turn in range(turns))
        return replace(self, chosen=tuple(crossing))

    def of(self, place: int) -> frozenset[int] | None:
        """The CPUs of worker number `place` of the group, once they are chosen; None: all."""
        if self.kind == "inherit" or not self.chosen:
            return None
        return self.chosen[place % len(self.chosen)]

    def word(self, topology: Topology) -> str:
        """The chosen CPUs as the plan has them: a list of CPUs for each worker."""
        chosen = self.chosen
        if not chosen:
            every = frozenset(range(topology.cpus))
            chosen = self.settled(topology, every, _MOST_SETS, 0, "").chosen
        return "/".join(cpu_list(cpus) for cpus in chosen)

    def _fixed(self, topology: Topology, allowed: frozenset[int]) -> frozenset[int]:
        if beyond := [cpu for cpu in self.values if cpu >= topology.cpus]:
            raise KtstrError(f"{self}: topology {topology} has no CPU {beyond[0]}")
        cpus = frozenset(self.values)
        if not cpus & allowed:
            raise KtstrError(
                f"{self}: none of these CPUs is left to the workers; must have one of {cpu_list(allowed)}"
            )
        return cpus

    def __str__(self) -> str:
        name = "llc_aligned" if self.kind == "llc" else self.kind
        return f"affinity {name}({', '.join(map(str, self.values))})"
