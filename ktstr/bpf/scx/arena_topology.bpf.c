// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of the topology for scx's arena library. Its Rust program asks BPF for a mask in the arena, writes to the
 * arena's memory, and hands the mask back; here one program that gets the mask as numbers does it.
 */
#include <scx/common.bpf.h>
#include <lib/cpumask.h>
#include <lib/topology.h>

#define WORDS 8

struct ktstr_topology_node {
	u64 id;
	u64 mask[WORDS];
};

SEC("syscall")
int ktstr_topology_node(struct ktstr_topology_node *node)
{
	/* The verifier takes only constant offsets into this context. */
	u64 mask[WORDS] = { node->mask[0], node->mask[1], node->mask[2], node->mask[3],
			    node->mask[4], node->mask[5], node->mask[6], node->mask[7] };
	scx_bitmap_t bitmap = scx_bitmap_alloc();
	u32 cpu;

	if (!bitmap)
		return -ENOMEM;
	bpf_for(cpu, 0, WORDS * 64)
		if (mask[(cpu / 64) % WORDS] & (1ULL << (cpu % 64)))
			scx_bitmap_set_cpu(cpu, bitmap);
	return topo_init(bitmap, 0, node->id);
}
