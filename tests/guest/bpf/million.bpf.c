// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refused for being too much: the verifier gives up after a million instructions of its loop.
 *
 * Pins: that such a refusal names the limit, and how its log is collapsed.
 */
#include <ktstr/sched_ext.bpf.h>

#define STEPS 400000

u64 total;

SCX_CALLBACK(void, million_enqueue, struct task_struct *p, u64 enq_flags)
{
	for (u32 step = 0; step < STEPS; step++) {
		((volatile u64 *)&total)[0] += step;
		barrier_var(step);
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SCHEDULER(million_ops,
	.enqueue = (void *)million_enqueue,
	.name = "million");
