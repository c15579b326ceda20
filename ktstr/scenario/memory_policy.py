"""Memory policies of workers: from which NUMA nodes they get their memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology, cpu_list
from ktstr.base.values import shown, whole

__all__ = ["MemoryPolicy"]

_Mode = Literal["bind", "preferred", "preferred_many", "interleave", "weighted_interleave", "local"]
_MOST_NODES = 1024


@dataclass(frozen=True)
class MemoryPolicy:
    """A mode of set_mempolicy(2) with its nodes: `MemoryPolicy("bind", {0})`. `local` has no nodes."""

    mode: _Mode
    """The mode."""
    nodes: tuple[int, ...] = ()
    """The NUMA nodes."""

    def __init__(self, mode: _Mode, nodes: Iterable[int] = ()) -> None:
        modes = get_args(_Mode)
        if mode not in modes:
            raise KtstrError(f"memory policy: mode={shown(mode)}: must be one of {', '.join(modes)}")
        if not isinstance(nodes, Iterable) or isinstance(nodes, str):
            raise KtstrError(
                f"memory policy {mode}: nodes={shown(nodes)}: must be numbers of nodes, such as {{0}}"
            )
        chosen = {whole(node, f"memory policy {mode}: node", 0, _MOST_NODES - 1) for node in nodes}
        if bool(chosen) == (mode == "local"):
            wanted = "must be empty" if chosen else "must have at least one node"
            raise KtstrError(f"memory policy {mode}: nodes={shown(sorted(chosen))}: {wanted}")
        if mode == "preferred" and len(chosen) > 1:
            raise KtstrError(
                f"memory policy preferred: nodes={shown(sorted(chosen))}: must be one node;"
                " preferred_many takes several"
            )
        object.__setattr__(self, "mode", mode)
        object.__setattr__(self, "nodes", tuple(sorted(chosen)))

    def require(self, topology: Topology, where: str) -> None:
        """KtstrError, beginning with `where`, for a node that the topology does not have."""
        if beyond := [node for node in self.nodes if node >= topology.numa_nodes]:
            raise KtstrError(f"{where}: memory={self}: topology {topology} has no node {beyond[0]}")

    def __str__(self) -> str:
        return f"{self.mode}:{cpu_list(frozenset(self.nodes))}" if self.nodes else self.mode
