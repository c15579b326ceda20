"""A NUMA node of a topology: its LLCs and its memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.limits import MAX_CPUS
from ktstr.base.values import shown, whole

__all__ = ["MAX_NODE_MB", "Node", "list_of"]

MAX_NODE_MB = 2**20
"""MiB of a node, at most: a TiB. More is a mistake in the unit."""


@dataclass(frozen=True)
class Node:
    """A NUMA node.

    `llcs` has the number of cores of each LLC; without any the node has memory only, as CXL memory does. `memory_mb` is
    its memory in MiB: 0 is a node of CPUs without memory, None an equal part of what the guest's memory leaves after
    the nodes that say how much they have. Raises KtstrError if a number is out of range, or if it has neither.
    """

    llcs: Sequence[int] = ()
    """The number of cores of each LLC."""
    memory_mb: int | None = None
    """The memory in MiB; None: an equal part of what is left."""

    def __post_init__(self) -> None:
        llcs = list_of(self.llcs, "topology: node: llcs")
        cores = tuple(whole(cores, "topology: node: cores of an LLC", 1, MAX_CPUS) for cores in llcs)
        object.__setattr__(self, "llcs", cores)
        if self.memory_mb is not None:
            whole(self.memory_mb, "topology: node: memory_mb", 0, MAX_NODE_MB)
        if not cores and self.memory_mb == 0:
            raise KtstrError("topology: node: has neither LLCs nor memory")


def list_of(value: object, field: str) -> tuple[object, ...]:
    """A list or tuple that a user wrote, as a tuple; KtstrError for anything else."""
    if not isinstance(value, list | tuple):
        raise KtstrError(f"{field}={shown(value)}: must be a list")
    return tuple(value)
