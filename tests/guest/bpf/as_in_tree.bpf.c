// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FIFO written as the schedulers in the kernel's tools/sched_ext are.
 *
 * Pins: that ktstr has their headers for such a source, which names what older kernels lack with their macros; and that
 * a scheduler that ends before its first hold is told with what it said.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

const volatile u64 last_enqueue = 0;
u64 enqueued;
UEI_DEFINE(uei);

void BPF_STRUCT_OPS(as_in_tree_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (__sync_add_and_fetch(&enqueued, 1) == last_enqueue)
		scx_bpf_error("enqueued %llu times", last_enqueue);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

void BPF_STRUCT_OPS(as_in_tree_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(as_in_tree_ops,
	       .enqueue	= (void *)as_in_tree_enqueue,
	       .exit	= (void *)as_in_tree_exit,
	       .name	= "as_in_tree");
