"""Topology presets: named topologies for the verifier sweep and the gauntlet, and constraints that narrow them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import Topology
from ktstr.base.values import shown, whole

__all__ = ["PRESETS", "Constraints"]

PRESETS: Mapping[str, Topology] = {
    name: Topology.parse(text)
    for name, text in (
        ("tiny-1llc", "1n1l4c1t"),
        ("tiny-2llc", "1n2l2c1t"),
        ("odd-3llc", "1n3l3c1t"),
        ("odd-5llc", "1n5l3c1t"),
        ("odd-7llc", "1n7l2c1t"),
        ("smt-2llc", "1n2l2c2t"),
        ("smt-3llc", "1n3l2c2t"),
        ("medium-4llc", "1n4l4c2t"),
        ("medium-8llc", "1n8l4c2t"),
        ("large-4llc", "1n4l16c2t"),
        ("large-8llc", "1n8l8c2t"),
        ("near-max-llc", "1n15l8c2t"),
        ("max-cpu", "1n14l9c2t"),
        ("medium-4llc-nosmt", "1n4l8c1t"),
        ("medium-8llc-nosmt", "1n8l8c1t"),
        ("large-4llc-nosmt", "1n4l32c1t"),
        ("large-8llc-nosmt", "1n8l16c1t"),
        ("near-max-llc-nosmt", "1n15l16c1t"),
        ("max-cpu-nosmt", "1n14l18c1t"),
        ("numa2-4llc", "2n4l4c1t"),
        ("numa2-8llc", "2n8l8c2t"),
        ("numa2-8llc-nosmt", "2n8l16c1t"),
        ("numa4-8llc", "4n8l4c1t"),
        ("numa4-12llc", "4n12l8c2t"),
    )
}
"""The topologies with a name, in the order in which the verifier sweep and the gauntlet go through them."""


@dataclass(frozen=True)
class Constraints:
    """The topologies a scheduler, or a test, is meant for; both ends of a range are included."""

    min_llcs: int = 1
    """The least number of LLCs."""
    max_llcs: int = 12
    """The greatest number of LLCs."""
    min_cpus: int = 1
    """The least number of CPUs."""
    max_cpus: int = 192
    """The greatest number of CPUs."""
    min_numa_nodes: int = 1
    """The least number of NUMA nodes."""
    max_numa_nodes: int = 1
    """The greatest number of NUMA nodes."""
    requires_smt: bool = False
    """Whether cores must have more than one thread."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "requires_smt":
                whole(value, f"constraints: {field.name}", 1, MAX_CPUS)
            elif not isinstance(value, bool):
                raise KtstrError(f"constraints: requires_smt={shown(value)}: must be True or False")
        for noun in ("llcs", "cpus", "numa_nodes"):
            low, high = getattr(self, f"min_{noun}"), getattr(self, f"max_{noun}")
            if low > high:
                raise KtstrError(f"constraints: min_{noun}={low} is above max_{noun}={high}")

    def refusal(self, topology: Topology) -> str | None:
        """Which constraint refuses `topology`, or None if all accept it."""
        for noun in ("llcs", "cpus", "numa_nodes"):
            value, low, high = (
                getattr(topology, noun),
                getattr(self, f"min_{noun}"),
                getattr(self, f"max_{noun}"),
            )
            if value < low:
                return f"min_{noun}={low}"
            if value > high:
                return f"max_{noun}={high}"
        return "requires_smt" if self.requires_smt and topology.threads == 1 else None
