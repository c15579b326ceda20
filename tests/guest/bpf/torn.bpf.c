// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives each worker that wakes the next number of a counter, which is counted up in two steps: a CPU that stands still
 * between them, while another one counts, gives a number a second time. It does so for one enqueue in eight only, so that
 * the code is rare, and no preemption lands in it: a callback runs with preemption off.
 *
 * Pins: that an exploration finds a race inside a callback, repeats it exactly, and never reports the twin (`mended`),
 * which counts in one step.
 */
#include <ktstr/sched_ext.bpf.h>

#include "../../schedulers/worker.bpf.h"

#define SHARED_DSQ 0
#define SLICE_NS 1000000ULL
#define NUMBERS 4096
#define RARELY 8

const volatile u32 mended;

static u32 enqueued;
static volatile u32 next = 1;
static u32 given[NUMBERS]; /* the last number with that remainder */

SCX_CALLBACK(s32, torn_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, torn_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 number;

	if (worker_digit(p) >= 0 && __sync_fetch_and_add(&enqueued, 1) % RARELY == 0) {
		if (mended) {
			number = __sync_fetch_and_add(&next, 1);
		} else {
			number = next;
			next = number + 1;
		}
		if (__sync_lock_test_and_set(&given[number % NUMBERS], number) == number)
			scx_bpf_error("number %u was given twice", number);
	}
	scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, torn_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, torn_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, torn_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(torn_ops,
	.select_cpu = (void *)torn_select_cpu,
	.enqueue = (void *)torn_enqueue,
	.dispatch = (void *)torn_dispatch,
	.init = (void *)torn_init,
	.exit = (void *)torn_exit,
	.name = "torn");
