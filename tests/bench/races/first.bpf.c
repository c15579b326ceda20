// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets up its table of queues when the first worker is queued.
 *
 * Its race: a restart under load, when workers are queued on several CPUs at once. Two of them find the table not set up. A
 * window of some 200 instructions in code that runs once. Mended: who comes first sets it up, and the others do without until
 * it is.
 */
#include "race.bpf.h"

#define ENTRIES 64

enum { NEW, BEING_SET_UP, READY };

static volatile u32 state;
static u32 set_ups;
static volatile u64 of_entry[ENTRIES];

RACE_SELECTS_NOTHING(first)

static __always_inline void set_up(void)
{
	u32 seen = state; /* RACE-A */

	if (seen != NEW)
		return;
#ifdef FIXED
	if (__sync_val_compare_and_swap(&state, NEW, BEING_SET_UP) != NEW)
		return;
#endif
	for (u32 i = 0; i < ENTRIES; i++)
		of_entry[i] = QUEUE(i % MOST_CPUS % nr_cpu_ids);
	window();
	state = READY; /* RACE-B */
	if (__sync_fetch_and_add(&set_ups, 1))
		scx_bpf_error("the table was set up twice");
}

SCX_CALLBACK(void, first_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (!is_worker(p)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	set_up();
	scx_bpf_dsq_insert(p, state == READY ? of_entry[(u32)p->pid % ENTRIES] : SHARED, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, first_dispatch, s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dsq_move_to_local(SHARED))
		return;
	for (u32 other = 0; other < MOST_CPUS && other < nr_cpu_ids; other++)
		if (scx_bpf_dsq_move_to_local(QUEUE(((u32)cpu + other) % nr_cpu_ids)))
			return;
}

RACE_BEGINS_AND_ENDS(first)

SCX_SCHEDULER(first_ops,
	.select_cpu = (void *)first_select_cpu,
	.enqueue = (void *)first_enqueue,
	.dispatch = (void *)first_dispatch,
	.init = (void *)first_init,
	.exit = (void *)first_exit,
	.name = "first");
