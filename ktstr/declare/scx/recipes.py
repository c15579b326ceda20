"""What ktstr knows of scx's schedulers: what the Rust program of each does, read from its main.rs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ktstr.base.topology import Topology
from ktstr.declare.scx.layered import LAYERED
from ktstr.declare.scx.recipe import (
    ARENA,
    Recipe,
    arena,
    cpus_in,
    each_cpu,
    each_llc,
    each_node,
    flags,
    llc_neighbors,
    mask,
    mask_bytes,
    node_of_llcs,
    sibling_calls,
    siblings,
    words,
)
from ktstr.declare.values import Value

__all__ = ["RECIPES"]

_FULL_CAPACITY = 1024
_USUAL_FLAGS = ("ENQ_EXITING", "ENQ_LAST", "ENQ_MIGRATION_DISABLED", "ALLOW_QUEUED_WAKEUP")


def _smt(topology: Topology) -> int:
    return topology.threads > 1


def _numa(topology: Topology) -> int:
    return topology.numa_nodes > 1


def _capacities(topology: Topology) -> list[int]:
    return [_FULL_CAPACITY] * topology.cpus


def _flags_by_node(*names: str) -> Callable[[Topology], str]:
    """Flags with that of idle masks by node, which is for several nodes only."""
    return lambda topology: flags(*names, *(["BUILTIN_IDLE_PER_NODE"] if _numa(topology) else []))


_PREFERRED: Mapping[str, Value | Callable[[Topology], Value]] = {
    "cpu_capacity": _capacities,
    "preferred_cpus": lambda topology: list(cpus_in(topology)),
}

# scx_chaos includes the BPF part of scx_p2dq, and sets it up alike.
_P2DQ: Mapping[str, Value | Callable[[Topology], Value]] = {
    "topo_config.nr_cpus": lambda topology: topology.cpus,
    "topo_config.nr_llcs": lambda topology: topology.llcs,
    "topo_config.nr_nodes": lambda topology: topology.numa_nodes,
    "topo_config.smt_enabled": _smt,
    "timeline_config.max_exec_ns": 10_000_000,
    "timeline_config.autoslice": False,
    "timeline_config.deadline": False,
    "lb_config.wakeup_lb_busy": 0,
    "lb_config.dispatch_lb_interactive": True,
    "p2dq_config.dsq_shift": 4,
    "p2dq_config.task_slice": False,
    "p2dq_config.keep_running_enabled": False,
    "p2dq_config.llc_shards": 1,
    "dsq_time_slices": [500_000, 2_500_000, 5_000_000],
    "cpu_core_ids": each_cpu(Topology.core_of),
    "cpu_llc_ids": each_cpu(Topology.llc_of),
    "cpu_node_ids": each_cpu(Topology.node_of),
    "cpu_capacity": _capacities,
    "llc_ids": lambda topology: list(range(topology.llcs)),
    "debug": 0,
}
# LAVD_PCO_STATE_MAX and LAVD_CPDOM_MAX_NR.
_LAVD_STATES = 11
_LAVD_DOMAINS = 128

RECIPES: Mapping[str, Recipe] = {
    "scx_beerland": Recipe(
        values={
            "beerland_ops.flags": _flags_by_node(*_USUAL_FLAGS, "ALWAYS_ENQ_IMMED"),
            "smt_enabled": _smt,
            "numa_enabled": _numa,
            "primary_all": True,
            "cpu_capacity": _capacities,
            "slice_lag": 20_000_000,
        },
        setup_programs={"enable_sibling_cpu": sibling_calls()},
    ),
    "scx_bpfland": Recipe(
        values={
            "bpfland_ops.flags": _flags_by_node(*_USUAL_FLAGS),
            "smt_enabled": _smt,
            "numa_enabled": _numa,
            # Its source has them on, and its program off: pinned tasks that come first starve all others.
            "local_pcpu": False,
            "local_kthreads": False,
            "sticky_tasks": False,
            **_PREFERRED,
        },
        setup_programs={"enable_sibling_cpu": sibling_calls()},
    ),
    "scx_cosmos": Recipe(
        values={
            "cosmos_ops.flags": _flags_by_node(*_USUAL_FLAGS),
            "smt_enabled": _smt,
            "numa_enabled": _numa,
            "nr_node_ids": lambda topology: topology.numa_nodes,
            "all_cpus_same_capacity": True,
            "gpu_enabled": False,
            **_PREFERRED,
        },
        setup_programs={
            "ktstr_cpu": lambda topology: [[cpu, topology.node_of(cpu)] for cpu in cpus_in(topology)],
            "enable_sibling_cpu": sibling_calls(),
        },
        main="cosmos.bpf.c",
    ),
    "scx_flash": Recipe(
        values={
            "flash_ops.flags": _flags_by_node(*_USUAL_FLAGS),
            "smt_enabled": _smt,
            "numa_disabled": lambda topology: not _numa(topology),
        },
        setup_programs={"enable_sibling_cpu": sibling_calls(0)},
    ),
    "scx_tickless": Recipe(
        values={
            "tickless_ops.flags": flags("ENQ_LAST", "ENQ_MIGRATION_DISABLED", "ALLOW_QUEUED_WAKEUP"),
            "smt_enabled": _smt,
            "slice_ns": 20_000_000,
            "preferred_cpus": lambda topology: list(cpus_in(topology)),
        },
        setup_programs={"enable_primary_cpu": [0]},
        start_programs={"start_timer": [0]},
    ),
    "scx_mitosis": Recipe(
        values={
            "mitosis.flags": flags("ALLOW_QUEUED_WAKEUP"),
            "slice_ns": "SCX_SLICE_DFL",
            "smt_enabled": _smt,
            "nr_possible_cpus": lambda topology: topology.cpus,
            "all_cpus": lambda topology: mask_bytes(cpus_in(topology)),
            "nr_llc": lambda topology: topology.llcs,
            "slice_shrink_multiplier": 2,
            "slice_shrink_min_ns": 500_000,
            "slice_shrink_max_ns": 4_000_000,
            "cpu_to_llc": each_cpu(Topology.llc_of),
            "llc_to_cpus[*].bits": each_llc(words),
        },
    ),
    "scx_rusty": Recipe(
        values={
            "slice_ns": "SCX_SLICE_DFL",
            "nr_nodes": lambda topology: topology.numa_nodes,
            "nr_doms": lambda topology: topology.llcs,
            "cpu_dom_id_map": each_cpu(Topology.llc_of),
            "dom_cpumasks[*]": each_llc(words),
            "dom_numa_id_map": lambda topology: node_of_llcs(topology),
            "numa_cpumasks[*]": each_node(words),
            "greedy_threshold": 1,
        },
    ),
    "scx_p2dq": Recipe(
        values={"p2dq.flags": flags("KEEP_BUILTIN_IDLE"), **_P2DQ},
        setup_programs=arena("task_p2dq"),
        more=(ARENA,),
    ),
    "scx_chaos": Recipe(
        values={
            "chaos.flags": flags("KEEP_BUILTIN_IDLE"),
            **_P2DQ,
            # No parent is chosen, and no trait: the frequencies are cumulative, and the first is that of none.
            "ppid_targeting_ppid": -1,
            "trait_delay_freq_frac32": [2**32 - 1] * 4,
        },
        setup_programs=arena("task_p2dq"),
        # Its program attaches it to a function that it is told.
        programs={"generic": False},
        more=(ARENA,),
    ),
    "scx_cake": Recipe(
        values={
            "nr_llcs": lambda topology: topology.llcs,
            "nr_cpus": lambda topology: topology.cpus,
            "nr_phys_cpus": lambda topology: sum(topology.llc_cores),
            "cpu_sibling_map": lambda topology: [
                cpu if other < 0 else other for cpu, other in siblings(topology)
            ],
            "llc_cpu_mask": each_llc(mask),
            "cpu_llc_id": each_cpu(Topology.llc_of),
            "quantum_ceiling_ns": 2_000_000,
        },
        setup_programs=arena("cake_task_ctx"),
        more=(ARENA,),
    ),
    # Compiled by clang 16, it takes longer than the usual 30 s to verify.
    "scx_pandemonium": Recipe(attach_timeout_s=300),
    "scx_flow": Recipe(
        values={
            "flow_ops.flags": flags(*_USUAL_FLAGS),
            "per_cpu_llc_id": each_cpu(Topology.llc_of),
            "per_cpu_sibling_count": lambda topology: [topology.threads] * topology.cpus,
        },
    ),
    "scx_forge": Recipe(
        values={
            "forge_ops.flags": flags(*_USUAL_FLAGS, "BUILTIN_IDLE_PER_NODE"),
            "smt_enabled": _smt,
            "topo_dsq": 3,
            "perf_threshold": 1000,
            "perf_sticky_threshold": 1000,
            "all_cpus_same_capacity": True,
        },
        setup_programs={
            "ktstr_counts": lambda topology: [
                topology.cpus,
                sum(topology.llc_cores),
                topology.llcs,
                topology.numa_nodes,
                _smt(topology),
            ],
            "ktstr_node": lambda topology: [
                [node, len(topology.node_llcs(node)), len(topology.node_cpus(node))]
                for node in range(topology.numa_nodes)
            ],
            "ktstr_llc": lambda topology: [
                [llc, node, len(topology.llc_cpus(llc))] for llc, node in enumerate(node_of_llcs(topology))
            ],
            "ktstr_cpu": lambda topology: [
                [cpu, topology.core_of(cpu), topology.llc_of(cpu), topology.node_of(cpu)]
                for cpu in cpus_in(topology)
            ],
            "enable_sibling_cpu": sibling_calls(),
        },
        main="forge.bpf.c",
    ),
    "scx_layered": LAYERED,
    "scx_lavd": Recipe(
        values={
            "lavd_ops.flags": flags("ENQ_EXITING", "ENQ_LAST", "ENQ_MIGRATION_DISABLED", "KEEP_BUILTIN_IDLE"),
            # From 6.19 on, the hook of sched_switch does what this callback is for.
            "lavd_ops.cpu_release": 0,
            "nr_llcs": lambda topology: topology.llcs,
            "is_smt_active": _smt,
            "is_autopilot_on": True,
            "pinned_slice_ns": 5_000_000,
            "preempt_shift": 6,
            "lat_load_target_pct": 100,
            "lb_low_util_wall": (25 << 10) // 100,
            "lb_local_dsq_util_wall": (10 << 10) // 100,
            "cpu_capacity": _capacities,
            "cpu_big": lambda topology: [1] * topology.cpus,
            "cpu_sibling": lambda topology: [
                cpu if other < 0 else other for cpu, other in siblings(topology)
            ],
            "nr_pco_states": 1,
            "pco_bounds": lambda topology: [_FULL_CAPACITY * topology.cpus] * _LAVD_STATES,
            "pco_nr_primary": lambda topology: [topology.cpus] * _LAVD_STATES,
            "pco_table[*]": lambda topology: [list(cpus_in(topology))] * _LAVD_STATES,
            "cpdom_ctxs[*].id": lambda topology: list(range(topology.llcs)),
            "cpdom_ctxs[*].alt_id": lambda topology: list(range(topology.llcs)),
            "cpdom_ctxs[*].numa_id": lambda topology: node_of_llcs(topology),
            "cpdom_ctxs[*].llc_id": lambda topology: list(range(topology.llcs)),
            "cpdom_ctxs[*].is_big": lambda topology: [1] * topology.llcs,
            "cpdom_ctxs[*].is_valid": lambda topology: [1] * topology.llcs,
            "cpdom_ctxs[*].__cpumask": each_llc(words),
            "cpdom_ctxs[*].nr_neighbors": lambda topology: [
                [len(ring) for ring in rings] for rings in llc_neighbors(topology)
            ],
            "cpdom_ctxs[*].neighbor_ids": lambda topology: [
                [*near, *([0] * (_LAVD_DOMAINS - len(near))), *far] or [0]
                for near, far in llc_neighbors(topology)
            ],
        },
        setup_programs=arena("task_ctx"),
        programs={"lavd_sched_switch": True},
        more=(ARENA,),
        attach_timeout_s=600,
    ),
}
"""By the scheduler's name."""
