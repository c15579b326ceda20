// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_layered with two layers, "batch" for tasks of a nice value above 0 and "normal" for the rest, and what its Rust
 * program writes into the maps of CPUs, LLCs and nodes. Nobody resizes the layers: each keeps all CPUs.
 */
#include "main.bpf.c"

#define KTSTR_CPUS 256

enum {
	BATCH = 0,
	NORMAL = 1,
};

struct ktstr_layer {
	u32 id;
	u64 slice_ns, min_exec_ns, xllc_mig_min_ns;
};

/* A CPU, and all CPUs from the nearest to the farthest; the numbers say where its core, LLC and node end. */
struct ktstr_cpu {
	u32 cpu, core_end, llc_end, node_end, sys_end;
	u16 cpus[KTSTR_CPUS];
};

/* An LLC, and all LLCs from the nearest to the farthest. */
struct ktstr_llc {
	u32 llc, node_end, sys_end;
	u16 llcs[MAX_LLCS];
};

/* A node, and the others from the nearest to the farthest. */
struct ktstr_node {
	u32 node, sys_end;
	u16 nodes[MAX_NUMA_NODES];
};

SEC("syscall")
int ktstr_layer(struct ktstr_layer *about)
{
	u32 id = about->id;
	struct layer *layer = MEMBER_VPTR(layers, [id]);
	int i;

	if (!layer)
		return -EINVAL;
	layer->nr_match_ors = 1;
	layer->slice_ns = about->slice_ns;
	layer->min_exec_ns = about->min_exec_ns;
	layer->xllc_mig_min_ns = about->xllc_mig_min_ns;
	layer->weight = DEFAULT_LAYER_WEIGHT;
	layer->disallow_open_after_ns = -1ULL;
	layer->disallow_preempt_after_ns = -1ULL;
	layer->task_place = PLACEMENT_STD;
	layer->kind = id == BATCH ? LAYER_KIND_CONFINED : LAYER_KIND_GROUPED;
	if (id == BATCH) {
		layer->matches[0].nr_match_ands = 1;
		layer->matches[0].matches[0].kind = MATCH_NICE_ABOVE;
	}
	bpf_for(i, 0, MAX_CPUS_U8)
		layer->cpuset[i] = 0xff;
	return 0;
}

SEC("syscall")
int ktstr_cpu(struct ktstr_cpu *about)
{
	u32 key = 0;
	struct cpu_ctx *cpuc = bpf_map_lookup_percpu_elem(&cpu_ctxs, &key, about->cpu);
	int i;

	if (!cpuc)
		return -ENOENT;
	cpuc->cpu = about->cpu;
	cpuc->layer_id = MAX_LAYERS;
	bpf_for(i, 0, MAX_LAYERS) {
		/* Only one layer is grouped, and none is open or preempts. */
		cpuc->ogp_layer_order[i] = MAX_LAYERS;
		cpuc->ogn_layer_order[i] = i ? MAX_LAYERS : NORMAL;
		cpuc->op_layer_order[i] = MAX_LAYERS;
		cpuc->on_layer_order[i] = MAX_LAYERS;
		cpuc->gp_layer_order[i] = MAX_LAYERS;
		cpuc->gn_layer_order[i] = i ? MAX_LAYERS : NORMAL;
	}
	__builtin_memcpy(cpuc->prox_map.cpus, about->cpus, sizeof(about->cpus));
	cpuc->prox_map.core_end = about->core_end;
	cpuc->prox_map.llc_end = about->llc_end;
	cpuc->prox_map.node_end = about->node_end;
	cpuc->prox_map.sys_end = about->sys_end;
	return 0;
}

SEC("syscall")
int ktstr_llc(struct ktstr_llc *about)
{
	u32 key = about->llc;
	struct llc_ctx *llcc = bpf_map_lookup_elem(&llc_data, &key);
	int i;

	if (!llcc)
		return -ENOENT;
	bpf_for(i, 0, NUM_PROXIMITY_MAPS) {
		struct llc_prox_map *map = MEMBER_VPTR(llcc->prox_maps, [i]);

		if (!map)
			return -EINVAL;
		__builtin_memcpy(map->llcs, about->llcs, sizeof(about->llcs));
		map->node_end = about->node_end;
		map->sys_end = about->sys_end;
	}
	return 0;
}

SEC("syscall")
int ktstr_node(struct ktstr_node *about)
{
	u32 key = about->node;
	struct node_ctx *nodec = bpf_map_lookup_elem(&node_data, &key);

	if (!nodec)
		return -ENOENT;
	__builtin_memcpy(nodec->prox_map.nodes, about->nodes, sizeof(about->nodes));
	nodec->prox_map.sys_end = about->sys_end;
	return 0;
}
