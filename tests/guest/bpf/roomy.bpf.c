// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler with more global variables than a small guest has memory.
 *
 * Pins: that the want of memory is told, and that a guest is made with enough of it.
 */
#include <ktstr/sched_ext.bpf.h>

u64 room[20 << 20];

SCX_CALLBACK(void, roomy_enqueue, struct task_struct *p, u64 enq_flags)
{
	room[0]++;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SCHEDULER(roomy_ops,
	.enqueue = (void *)roomy_enqueue,
	.name = "roomy");
