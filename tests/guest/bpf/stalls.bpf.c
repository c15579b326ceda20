// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue for all CPUs, in order of arrival. By its flags it has one of the commonest bugs, each of which leaves every task
 * waiting that finds no idle CPU:
 *
 *	EMPTY_DISPATCH	nobody takes a task from the queue
 *	EMPTY_ENQUEUE	a task gets into no queue
 *	WRONG_DSQ	tasks get into one queue, and are taken from another
 *	NO_IDLE		even a task that finds an idle CPU is queued, and a thread of the kernel
 *
 * Pins: that such a scheduler is ended by the kernel's watchdog, and not the guest by its own.
 */
#include <ktstr/sched_ext.bpf.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define SHARED_DSQ 0
#define OTHER_DSQ 1

SCX_CALLBACK(s32, stalls_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

#ifndef NO_IDLE
	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
#endif
	return cpu;
}

SCX_CALLBACK(void, stalls_enqueue, struct task_struct *p, u64 enq_flags)
{
#ifndef NO_IDLE
	if (p->flags & PF_KTHREAD) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
		return;
	}
#endif
#ifdef WRONG_DSQ
	scx_bpf_dsq_insert(p, OTHER_DSQ, SCX_SLICE_DFL, enq_flags);
#elif !defined(EMPTY_ENQUEUE)
	scx_bpf_dsq_insert(p, SHARED_DSQ, SCX_SLICE_DFL, enq_flags);
#endif
}

SCX_CALLBACK(void, stalls_dispatch, s32 cpu, struct task_struct *prev)
{
#ifndef EMPTY_DISPATCH
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
#endif
}

SCX_SLEEPABLE_CALLBACK(s32, stalls_init)
{
	s32 error = scx_bpf_create_dsq(SHARED_DSQ, -1);

	return error ?: scx_bpf_create_dsq(OTHER_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, stalls_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(stalls_ops,
	.select_cpu = (void *)stalls_select_cpu,
	.enqueue = (void *)stalls_enqueue,
	.dispatch = (void *)stalls_dispatch,
	.init = (void *)stalls_init,
	.exit = (void *)stalls_exit,
	.name = "stalls");
