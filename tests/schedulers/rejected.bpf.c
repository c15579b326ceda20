// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refused by the verifier: the result of a map lookup is used without asking whether it is there.
 *
 * Pins: that the refusal names the program and gives the verifier's words.
 */
#include <ktstr/sched_ext.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

SCX_CALLBACK(void, rejected_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 key = 0;
	u64 *counter = bpf_map_lookup_elem(&counters, &key);

	*counter += 1;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SCHEDULER(rejected_ops,
	.enqueue = (void *)rejected_enqueue,
	.name = "rejected");
