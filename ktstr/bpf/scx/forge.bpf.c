// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_forge with the maps of the topology filled by programs instead of by its Rust program: those that its BPF part
 * reads. Nothing there reads the masks, the cores and the distances.
 */
#include "main.bpf.c"

/* A value with a mask is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct forge_topo_node);
} ktstr_node_buffer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct forge_topo_llc);
} ktstr_llc_buffer SEC(".maps");

struct ktstr_counts {
	u32 cpus, cores, llcs, nodes, smt;
};

struct ktstr_node {
	u32 node, llcs, cpus;
};

struct ktstr_llc {
	u32 llc, node, cpus;
};

struct ktstr_cpu {
	u32 cpu, core, llc, node;
};

SEC("syscall")
int ktstr_counts(struct ktstr_counts *counts)
{
	u32 key = 0;
	struct forge_topology *topology = bpf_map_lookup_elem(&topo_info_map, &key);

	if (!topology)
		return -ENOENT;
	topology->nr_cpu_ids = counts->cpus;
	topology->nr_possible_cpus = counts->cpus;
	topology->nr_online_cpus = counts->cpus;
	topology->nr_cpus = counts->cpus;
	topology->nr_cores = counts->cores;
	topology->nr_llcs = counts->llcs;
	topology->nr_nodes = counts->nodes;
	topology->smt_enabled = counts->smt;
	topology->numa_enabled = counts->nodes > 1;
	return 0;
}

SEC("syscall")
int ktstr_node(struct ktstr_node *about)
{
	u32 key = 0, id = about->node;
	struct forge_topo_node *node = bpf_map_lookup_elem(&ktstr_node_buffer, &key);

	if (!node)
		return -ENOENT;
	node->id = id;
	node->nr_llcs = about->llcs;
	node->nr_cpus = about->cpus;
	return bpf_map_update_elem(&topo_node_map, &id, node, BPF_ANY) ?:
	       bpf_map_update_elem(&topo_node_ids, &id, &id, BPF_ANY);
}

SEC("syscall")
int ktstr_llc(struct ktstr_llc *about)
{
	u32 key = 0, id = about->llc;
	struct forge_topo_llc *llc = bpf_map_lookup_elem(&ktstr_llc_buffer, &key);

	if (!llc)
		return -ENOENT;
	llc->id = id;
	llc->kernel_id = id;
	llc->dense_id = id;
	llc->node_id = about->node;
	llc->nr_cpus = about->cpus;
	return bpf_map_update_elem(&topo_llc_map, &id, llc, BPF_ANY) ?:
	       bpf_map_update_elem(&topo_llc_ids, &id, &id, BPF_ANY);
}

SEC("syscall")
int ktstr_cpu(struct ktstr_cpu *about)
{
	u32 id = about->cpu, llc = about->llc, node = about->node;
	struct forge_topo_cpu cpu = {
		.id = id,
		.core_id = about->core,
		.llc_id = llc,
		.llc_dense_id = llc,
		.node_id = node,
		.cpu_capacity = SCX_CPUPERF_ONE,
	};

	return bpf_map_update_elem(&topo_cpu_map, &id, &cpu, BPF_ANY) ?:
	       bpf_map_update_elem(&topo_cpu_ids, &id, &id, BPF_ANY) ?:
	       bpf_map_update_elem(&cpu_llc_map, &id, &llc, BPF_ANY) ?:
	       bpf_map_update_elem(&cpu_node_map, &id, &node, BPF_ANY);
}
