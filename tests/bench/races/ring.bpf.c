// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers wait in a ring of pids, whose first one a CPU takes that has nothing to run.
 *
 * Its race: a double dispatch. Two CPUs take the same entry, as the head moves on only after the look at it. A window of some 10
 * instructions in hot code. Mended: only who moves the head takes the entry.
 */
#include "race.bpf.h"

#define ENTRIES 4096
#define TRIES 8

static volatile u64 head, tail;
static volatile s32 ring[ENTRIES];

RACE_SELECTS_NOTHING(ring)

SCX_CALLBACK(void, ring_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_worker(p))
		ring[__sync_fetch_and_add(&tail, 1) % ENTRIES] = p->pid;
	else
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
}

/* The pid of the first entry; 0: there is none, or others were faster each time. */
static __always_inline s32 take(void)
{
	for (u32 try = 0; try < TRIES; try++) {
		u64 first = head;
		s32 pid = ring[first % ENTRIES]; /* RACE-A */

		if (!pid)
			return 0;
		window();
#ifdef FIXED
		if (__sync_val_compare_and_swap(&head, first, first + 1) != first)
			continue;
#else
		head = first + 1; /* RACE-B */
#endif
		pid = __sync_lock_test_and_set(&ring[first % ENTRIES], 0);
		if (!pid)
			scx_bpf_error("entry %llu was dispatched twice", first);
		return pid;
	}
	return 0;
}

SCX_CALLBACK(void, ring_dispatch, s32 cpu, struct task_struct *prev)
{
	s32 pid = take();
	struct task_struct *p = pid ? bpf_task_from_pid(pid) : NULL;

	if (p) {
		scx_bpf_dsq_insert(p, SHARED, SLICE_NS, 0);
		bpf_task_release(p);
	}
	scx_bpf_dsq_move_to_local(SHARED);
}

RACE_BEGINS_AND_ENDS(ring)

SCX_SCHEDULER(ring_ops,
	.select_cpu = (void *)ring_select_cpu,
	.enqueue = (void *)ring_enqueue,
	.dispatch = (void *)ring_dispatch,
	.init = (void *)ring_init,
	.exit = (void *)ring_exit,
	.name = "ring");
