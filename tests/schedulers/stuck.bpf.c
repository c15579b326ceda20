// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a CPU to itself for some seconds, with its run queue locked, when it queues the first worker.
 *
 * Pins: that a loop in BPF, which nothing can end, is reported as the kernel's watchdog reports it.
 */
#include <ktstr/sched_ext.bpf.h>

#include "spin.bpf.h"
#include "worker.bpf.h"

const volatile u32 rounds = 8;

static u32 is_stuck;

SCX_CALLBACK(void, stuck_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (worker_digit(p) >= 0 && !__sync_fetch_and_or(&is_stuck, 1))
		spin(rounds);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SLEEPABLE_CALLBACK(void, stuck_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(stuck_ops,
	.enqueue = (void *)stuck_enqueue,
	.exit = (void *)stuck_exit,
	.name = "stuck");
