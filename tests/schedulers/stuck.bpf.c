// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a CPU to itself for some seconds, with its run queue locked, when it queues the first worker.
 *
 * Pins: that what the kernel writes of it (a soft lockup) is reported. With the sysctl kernel.watchdog_thresh at 1 the
 * kernel complains after two seconds; its default is twenty.
 */
#include <ktstr/sched_ext.bpf.h>

#include "worker.bpf.h"

#define LONGEST_LOOP (1 << 23) /* BPF_MAX_LOOPS */

const volatile u32 rounds = 8;

static u32 is_stuck;
static u64 turns;

static long turn(u64 index, void *context)
{
	turns += index;
	return 0;
}

static long some_turns(u64 index, void *context)
{
	bpf_loop(LONGEST_LOOP, turn, NULL, 0);
	return 0;
}

SCX_CALLBACK(void, stuck_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (worker_digit(p) >= 0 && !__sync_fetch_and_or(&is_stuck, 1))
		bpf_loop(rounds, some_turns, NULL, 0);
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
