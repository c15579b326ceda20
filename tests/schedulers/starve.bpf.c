// SPDX-License-Identifier: GPL-2.0-only
/*
 * Never runs the workers whose index ends in `victim`: they are queued where nobody takes them from. Everything
 * else is served in turn.
 *
 * Pins: that a worker without any work is reported as starved. The kernel's watchdog, which would end the scheduler
 * for it, is set to its longest time, so that the check and not the ejection is what fails. Ending the scheduler
 * gives the victim back to the kernel's default one; until then not even SIGKILL ends it, as dying takes CPU time.
 */
#include <ktstr/sched_ext.bpf.h>

#include "worker.bpf.h"

#define SHARED_DSQ 0
#define NEVER_DSQ 1

const volatile int victim = 1;

SCX_CALLBACK(s32, starve_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, starve_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 queue = worker_digit(p) == victim ? NEVER_DSQ : SHARED_DSQ;

	scx_bpf_dsq_insert(p, queue, SCX_SLICE_DFL, enq_flags);
}

SCX_CALLBACK(void, starve_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, starve_init)
{
	s32 error = scx_bpf_create_dsq(SHARED_DSQ, -1);

	return error ?: scx_bpf_create_dsq(NEVER_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, starve_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(starve_ops,
	.select_cpu = (void *)starve_select_cpu,
	.enqueue = (void *)starve_enqueue,
	.dispatch = (void *)starve_dispatch,
	.init = (void *)starve_init,
	.exit = (void *)starve_exit,
	/* Without it a victim that is alone on its CPU would be kept running and not be queued again. */
	.flags = SCX_OPS_ENQ_LAST,
	.timeout_ms = 30000,
	.name = "starve");
