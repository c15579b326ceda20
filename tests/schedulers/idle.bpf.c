// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches and dispatches no worker: they are queued where nobody takes them from. The kernel's watchdog is set to its
 * longest time, so that it does not end the scheduler for it.
 *
 * Pins: that the verifier sweep distinguishes a scheduler that attaches from one that schedules.
 */
#include <ktstr/sched_ext.bpf.h>

#include "worker.bpf.h"

#define NEVER_DSQ 1

SCX_CALLBACK(void, idle_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, worker_digit(p) < 0 ? SCX_DSQ_GLOBAL : NEVER_DSQ, SCX_SLICE_DFL, enq_flags);
}

SCX_CALLBACK(s32, idle_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

SCX_SLEEPABLE_CALLBACK(s32, idle_init)
{
	return scx_bpf_create_dsq(NEVER_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, idle_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(idle_ops,
	.enqueue = (void *)idle_enqueue,
	.select_cpu = (void *)idle_select_cpu,
	.init = (void *)idle_init,
	.exit = (void *)idle_exit,
	.flags = SCX_OPS_ENQ_LAST,
	.timeout_ms = 30000,
	.name = "idle");
