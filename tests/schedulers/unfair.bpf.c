// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deliberately unfair: one queue, first come first served, but workers of odd index run `favour` times longer at a
 * time. Where workers share a CPU the others get a small part of it, though never nothing.
 *
 * Pins: that the fairness check (spread within a cgroup) fails, while nothing starves and the watchdog is content.
 */
#include <ktstr/sched_ext.bpf.h>

#include "worker.bpf.h"

#define SHARED_DSQ 0

const volatile u32 slice_us = 1000;
const volatile u32 favour = 20;

SCX_CALLBACK(s32, unfair_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	/* No task is sent to the idle CPU directly: each gets its slice in unfair_enqueue. */
	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, unfair_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 slice = slice_us * 1000ULL;
	int digit = worker_digit(p);

	if (digit >= 0 && digit % 2)
		slice *= favour;
	scx_bpf_dsq_insert(p, SHARED_DSQ, slice, enq_flags);
}

SCX_CALLBACK(void, unfair_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, unfair_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, unfair_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(unfair_ops,
	.select_cpu = (void *)unfair_select_cpu,
	.enqueue = (void *)unfair_enqueue,
	.dispatch = (void *)unfair_dispatch,
	.init = (void *)unfair_init,
	.exit = (void *)unfair_exit,
	.name = "unfair");
