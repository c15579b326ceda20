// SPDX-License-Identifier: GPL-2.0-only
/* scx_cosmos with its map of the CPUs' nodes filled by a program instead of by its Rust program. */
#include "main.bpf.c"

struct ktstr_cpu {
	u32 cpu, node;
};

SEC("syscall")
int ktstr_cpu(struct ktstr_cpu *about)
{
	u32 cpu = about->cpu, node = about->node;

	return bpf_map_update_elem(&cpu_node_map, &cpu, &node, BPF_ANY);
}
