"""What a scheduler's own program does before and after it attaches it, as a declaration says it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.runs import Argument, Calls, Runs
from ktstr.declare.values import Value

__all__ = [
    "ARENA",
    "GLUE",
    "Recipe",
    "arena",
    "cpus_in",
    "each_cpu",
    "each_llc",
    "each_node",
    "flags",
    "llc_neighbors",
    "mask",
    "mask_bytes",
    "node_of_llcs",
    "sibling_calls",
    "siblings",
    "words",
]

GLUE = Path(__file__).parents[2] / "bpf" / "scx"
"""The folder with ktstr's own BPF sources, each of which stands for what a Rust program does."""

ARENA = "arena_topology.bpf.c"
"""The source with the program that `arena` runs for each node of the topology."""

# CPUs in one word of a mask, and words of the masks that the glue takes.
_WORD_BITS = 64
_WORDS = 8
# How many pages scx_arena takes at once for what is never freed.
_STATIC_PAGES = 8


@dataclass(frozen=True)
class Recipe:
    """The fields of a declaration that do it; docs/scx.md says where each comes from.

    `main` is a source in `GLUE` that includes the scheduler's own and stands for it, `more` are sources linked with it.
    """

    values: Mapping[str, Value | Callable[[Topology], Value]] = field(default_factory=dict)
    setup_programs: Runs = field(default_factory=dict)
    start_programs: Runs = field(default_factory=dict)
    programs: Mapping[str, bool] = field(default_factory=dict)
    main: str = ""
    more: tuple[str, ...] = ()
    attach_timeout_s: float | None = None


def flags(*names: str) -> str:
    """Flags of `sched_ext_ops` by their names without SCX_OPS_; those that a kernel lacks are left out there."""
    return "|".join(f"SCX_OPS_{name}" for name in names)


def mask(cpus: Iterable[int]) -> int:
    """The lowest word of the mask of these CPUs."""
    return words(cpus)[0]


def words(cpus: Iterable[int]) -> list[int]:
    """The mask of these CPUs as words of 64 bits. KtstrError if there are more CPUs than those words have bits."""
    found = [0] * _WORDS
    for cpu in cpus:
        if cpu >= _WORDS * _WORD_BITS:
            raise KtstrError(
                f"CPU {cpu}: the recipes for scx's schedulers have masks of {_WORDS * _WORD_BITS} CPUs"
            )
        found[cpu // _WORD_BITS] |= 1 << cpu % _WORD_BITS
    return found


def mask_bytes(cpus: Iterable[int]) -> list[int]:
    """The mask of these CPUs as bytes."""
    return list(b"".join(word.to_bytes(8, "little") for word in words(cpus)))


def cpus_in(topology: Topology) -> range:
    """All CPUs."""
    return range(topology.cpus)


def each_cpu(of: Callable[[Topology, int], int]) -> Callable[[Topology], list[int]]:
    """A value that is an array by CPU."""
    return lambda topology: [of(topology, cpu) for cpu in cpus_in(topology)]


def each_llc(of: Callable[[Collection[int]], int | list[int]]) -> Callable[[Topology], Value]:
    """A value that is an array by LLC, of what `of` makes of its CPUs."""
    return lambda topology: [of(topology.llc_cpus(llc)) for llc in range(topology.llcs)]  # type: ignore[return-value]


def each_node(of: Callable[[Collection[int]], int | list[int]]) -> Callable[[Topology], Value]:
    """A value that is an array by NUMA node, of what `of` makes of its CPUs."""
    return lambda topology: [of(topology.node_cpus(node)) for node in range(topology.numa_nodes)]  # type: ignore[return-value]


def node_of_llcs(topology: Topology) -> list[int]:
    """Of each LLC its NUMA node."""
    return [
        node
        for llc in range(topology.llcs)
        for node in range(topology.numa_nodes)
        if llc in topology.node_llcs(node)
    ]


def llc_neighbors(topology: Topology) -> list[tuple[list[int], list[int]]]:
    """Of each LLC the others of its node, and those of other nodes."""
    nodes, every = node_of_llcs(topology), range(topology.llcs)
    return [
        (
            [other for other in every if other != llc and nodes[other] == nodes[llc]],
            [other for other in every if nodes[other] != nodes[llc]],
        )
        for llc in every
    ]


def siblings(topology: Topology) -> list[tuple[int, int]]:
    """Each CPU with the other one of its core, -1 if it is alone."""
    pairs = []
    for cpu in cpus_in(topology):
        others = sorted(topology.siblings(cpu) - {cpu})
        pairs.append((cpu, others[0] if others else -1))
    return pairs


def sibling_calls(*before: int) -> Callable[[Topology], Calls | None]:
    """The calls of `enable_sibling_cpu`, which is told of each CPU its sibling; `before` are its first arguments."""
    return lambda topology: (
        [[*before, *pair] for pair in siblings(topology)] if topology.threads > 1 else None
    )


def arena(task: str) -> Runs:
    """The setup of scx's arena library: its allocators, with struct `task` for each task, and the topology's tree."""
    first: list[Argument] = [_STATIC_PAGES, f"sizeof(struct {task})"]
    return {"arena_init": first, "arena_topology_init": _most_children, "ktstr_topology_node": _tree}


def _most_children(topology: Topology) -> Calls:
    nodes = range(topology.numa_nodes)
    return [
        topology.numa_nodes,
        max(len(topology.node_llcs(node)) for node in nodes),
        max(topology.llc_cores),
        topology.threads,
        0,
    ]


def _tree(topology: Topology) -> Calls:
    """Each node of the tree with its number and its CPUs, those above others first."""
    levels: list[list[Iterable[int]]] = [
        [cpus_in(topology)],
        [topology.node_cpus(node) for node in range(topology.numa_nodes)],
        [topology.llc_cpus(llc) for llc in range(topology.llcs)],
        [topology.core_cpus(core) for core in range(sum(topology.llc_cores))],
        [[cpu] for cpu in cpus_in(topology)],
    ]
    # A node may have memory only.
    return [[number, *words(cpus)] for level in levels for number, cpus in enumerate(level) if cpus]
