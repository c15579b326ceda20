// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets two workers at a time have a seat, which they keep while they run.
 *
 * Its race: it looks whether a seat is free, and then takes one. Two CPUs take the last. A window of some 5 instructions in hot
 * code. Mended: a seat is taken only if as many are taken as were seen.
 */
#include "race.bpf.h"

#define SEATS 2

static volatile u32 taken;
static u32 seated;
static bool has_seat[MOST_CPUS];

RACE_SELECTS_NOTHING(seats)

SCX_CALLBACK(void, seats_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, seats_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED);
}

SCX_CALLBACK(void, seats_running, struct task_struct *p)
{
	u32 seen;

	if (!is_worker(p))
		return;
	seen = taken; /* RACE-A */
	if (seen >= SEATS)
		return;
	window();
#ifdef FIXED
	if (__sync_val_compare_and_swap(&taken, seen, seen + 1) != seen)
		return;
#else
	__sync_fetch_and_add(&taken, 1); /* RACE-B */
#endif
	has_seat[this_cpu()] = true;
	if (__sync_fetch_and_add(&seated, 1) >= SEATS)
		scx_bpf_error("%s[%d] has a seat too many", p->comm, p->pid);
}

SCX_CALLBACK(void, seats_stopping, struct task_struct *p, bool runnable)
{
	if (!has_seat[this_cpu()])
		return;
	has_seat[this_cpu()] = false;
	__sync_fetch_and_sub(&seated, 1);
	__sync_fetch_and_sub(&taken, 1);
}

RACE_BEGINS_AND_ENDS(seats)

SCX_SCHEDULER(seats_ops,
	.select_cpu = (void *)seats_select_cpu,
	.enqueue = (void *)seats_enqueue,
	.dispatch = (void *)seats_dispatch,
	.running = (void *)seats_running,
	.stopping = (void *)seats_stopping,
	.init = (void *)seats_init,
	.exit = (void *)seats_exit,
	.name = "seats");
