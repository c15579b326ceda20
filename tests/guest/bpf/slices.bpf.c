// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue for all CPUs, ordered by virtual deadlines: a task's virtual time and the slice that it asks for (EEVDF's
 * rule). This makes a mistake of it:
 *	-DINVERTS	it divides by the slice: who asks for a shorter one has a later deadline
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED 0
#define TURN_NS 5000000ULL
#define SQUARE 100000000000000ULL /* of a slice of 10 ms, in ns */

static u64 vtime_now;

static u64 deadline_of(struct task_struct *p)
{
	u64 vtime = p->scx.dsq_vtime, slice = p->se.slice;

	if ((s64)(vtime - (vtime_now - TURN_NS)) < 0)
		vtime = vtime_now - TURN_NS;
#ifdef INVERTS
	return vtime + SQUARE / (slice ? slice : 1);
#else
	return vtime + slice;
#endif
}

SCX_CALLBACK(void, slices_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_vtime(p, SHARED, TURN_NS, deadline_of(p), enq_flags);
}

SCX_CALLBACK(void, slices_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED);
}

SCX_CALLBACK(void, slices_running, struct task_struct *p)
{
	if ((s64)(vtime_now - p->scx.dsq_vtime) < 0)
		vtime_now = p->scx.dsq_vtime;
}

SCX_CALLBACK(void, slices_stopping, struct task_struct *p, bool runnable)
{
	p->scx.dsq_vtime += TURN_NS - (p->scx.slice < TURN_NS ? p->scx.slice : TURN_NS);
}

SCX_CALLBACK(void, slices_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, slices_init)
{
	return scx_bpf_create_dsq(SHARED, -1);
}

SCX_SLEEPABLE_CALLBACK(void, slices_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(slices_ops,
	.enqueue = (void *)slices_enqueue,
	.dispatch = (void *)slices_dispatch,
	.running = (void *)slices_running,
	.stopping = (void *)slices_stopping,
	.enable = (void *)slices_enable,
	.init = (void *)slices_init,
	.exit = (void *)slices_exit,
	.name = "slices");
