// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has room for SEATS forked tasks; init_task refuses the next.
 *
 * Pins: that a fork which the scheduler refuses is the scheduler's failure, and that the callback is named.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 5000000ULL
#ifndef SEATS
#define SEATS 8
#endif

static s64 taken;

SCX_CALLBACK(void, seats_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, seats_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, seats_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	if (!args->fork)
		return 0;
	if (taken >= SEATS)
		return -12; /* ENOMEM */
	__sync_fetch_and_add(&taken, 1);
	return 0;
}

SCX_SLEEPABLE_CALLBACK(s32, seats_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, seats_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(seats_ops,
	.enqueue = (void *)seats_enqueue,
	.dispatch = (void *)seats_dispatch,
	.init_task = (void *)seats_init_task,
	.init = (void *)seats_init,
	.exit = (void *)seats_exit,
	.name = "seats");
