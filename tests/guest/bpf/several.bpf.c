// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object of several programs of several types, some of which are refused.
 *
 * Pins: that a sweep over an object reports each, whatever happened to the others.
 */
#include <ktstr/sched_ext.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

u64 seen;

SEC("tp_btf/sched_switch")
int BPF_PROG(several_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("syscall")
int several_unchecked_lookup(void *context)
{
	u32 key = 0;
	u64 *counter = bpf_map_lookup_elem(&counters, &key);

	*counter += 1;
	return 0;
}

SEC("syscall")
int several_fine(void *context)
{
	u32 key = 0;
	u64 *counter = bpf_map_lookup_elem(&counters, &key);

	return counter ? *counter != 0 : 0;
}

SEC("xdp")
int several_past_the_packet(struct xdp_md *context)
{
	unsigned char *data = (void *)(long)context->data;

	return data[0] ? XDP_PASS : XDP_DROP;
}

SCX_CALLBACK(void, several_enqueue_with_a_name_longer_than_the_kernel_keeps, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SCHEDULER(several_ops,
	.enqueue = (void *)several_enqueue_with_a_name_longer_than_the_kernel_keeps,
	.name = "several");
