"""The recipe of scx_layered: two layers, and which CPUs, LLCs and nodes are near which."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ktstr.base.topology import Topology
from ktstr.declare.runs import Calls
from ktstr.declare.scx.recipe import (
    Recipe,
    cpus_in,
    each_cpu,
    each_llc,
    each_node,
    flags,
    llc_neighbors,
    mask_bytes,
    node_of_llcs,
    siblings,
    words,
)

__all__ = ["LAYERED"]

_SLICE_NS = 20_000_000
# MAX_LAYERS and MAX_LLCS of its intf.h.
_MOST_LAYERS = 16
_MOST_LLCS = 64
# The layers of layered.bpf.c. The second has all CPUs, which is what its program comes to if no task is of the first.
_BATCH, _NORMAL = 0, 1
_LAYERS = (_BATCH, _NORMAL)


def _by_distance(topology: Topology, cpu: int) -> list[int]:
    """The ends of the core, the LLC, the node and the whole in the list of CPUs that follows, the nearest first."""
    spans = [
        frozenset({cpu}),
        topology.siblings(cpu),
        topology.llc_cpus(topology.llc_of(cpu)),
        topology.node_cpus(topology.node_of(cpu)),
        frozenset(cpus_in(topology)),
    ]
    order = [cpu]
    for inner, outer in itertools.pairwise(spans):
        order += _radiating(outer - inner, cpu)
    return [*(len(span) for span in spans[1:]), *order]


def _radiating(cpus: Iterable[int], center: int) -> list[int]:
    return sorted(cpus, key=lambda cpu: (abs(cpu - center), cpu))


def _llcs(topology: Topology) -> Calls:
    return [
        [llc, 1 + len(near), 1 + len(near) + len(far), llc, *near, *far]
        for llc, (near, far) in enumerate(llc_neighbors(topology))
    ]


def _nodes(topology: Topology) -> Calls:
    every = range(topology.numa_nodes)

    def others(node: int) -> list[int]:
        return sorted(set(every) - {node}, key=lambda other: (topology.distance(node, other), other))

    return [[node, len(every) - 1, *others(node)] for node in every]


def _contexts(topology: Topology) -> Calls:
    """The arguments of refresh_node_ctx: which layers have no CPU, and which LLCs a node has."""
    empty = [_BATCH, *[_MOST_LAYERS] * (_MOST_LAYERS - 1), 1]
    calls = []
    for node in range(topology.numa_nodes):
        llcs = list(topology.node_llcs(node))
        calls.append([node, 1, *empty, *llcs, *[0] * (_MOST_LLCS - len(llcs)), len(llcs)])
    return calls


LAYERED = Recipe(
    values={
        "layered.flags": flags("KEEP_BUILTIN_IDLE", "ENQ_LAST", "ALLOW_QUEUED_WAKEUP"),
        "slice_ns": _SLICE_NS,
        "max_exec_ns": 20 * _SLICE_NS,
        "nr_possible_cpus": lambda topology: topology.cpus,
        "smt_enabled": lambda topology: topology.threads > 1,
        "has_little_cores": False,
        "__sibling_cpu": lambda topology: [other for _, other in siblings(topology)],
        "all_cpus": lambda topology: mask_bytes(cpus_in(topology)),
        "nr_nodes": lambda topology: topology.numa_nodes,
        "nr_llcs": lambda topology: topology.llcs,
        "numa_cpumasks[*]": each_node(words),
        "llc_numa_id_map": node_of_llcs,
        "cpu_llc_id_map": each_cpu(Topology.llc_of),
        "nr_layers": len(_LAYERS),
        "layer_iteration_order": list(_LAYERS),
        f"layers[{_NORMAL}].cpus": lambda topology: mask_bytes(cpus_in(topology)),
        f"layers[{_NORMAL}].nr_cpus": lambda topology: topology.cpus,
        f"layers[{_NORMAL}].nr_llc_cpus": each_llc(len),
        f"layers[{_NORMAL}].node[*].nr_cpus": each_node(len),
        f"layers[{_NORMAL}].refresh_cpus": 1,
        "layers[*].fully_allocated": [True] * len(_LAYERS),
        "fallback_cpus": each_node(min),
        "nr_gn_layers": 1,
        "min_open_layer_disallow_open_after_ns": 40_000,
        "min_open_layer_disallow_preempt_after_ns": 80_000,
    },
    setup_programs={
        "ktstr_layer": [
            [_BATCH, _SLICE_NS, 1_000_000, 1_000_000],
            [_NORMAL, _SLICE_NS, 200_000, 100_000],
        ],
        "ktstr_cpu": lambda topology: [[cpu, *_by_distance(topology, cpu)] for cpu in cpus_in(topology)],
        "ktstr_llc": _llcs,
        "ktstr_node": _nodes,
        "refresh_node_ctx": _contexts,
        "initialize_pid_namespace": [],
    },
    start_programs={"refresh_layer_cpumasks": []},
    # They count memory bandwidth, for which its program opens counters.
    programs={"scx_pmu_switch_tc": False, "scx_pmu_tick_tc": False},
    main="layered.bpf.c",
    attach_timeout_s=60,
)
"""Its values and what its program runs, with the layers of `layered.bpf.c`."""
