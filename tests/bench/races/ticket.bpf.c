// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serves workers in the order of tickets, which it takes from a counter.
 *
 * Its race: the counter is counted up without a lock, and two CPUs give out the same ticket. A window of 3 instructions in
 * hot code. Mended: an atomic addition.
 */
#include "race.bpf.h"

#define TICKETS 4096

static volatile u64 next = 1;
/* The ticket that was given last, of those with the same remainder. */
static u64 given[TICKETS];

RACE_SELECTS_NOTHING(ticket)

SCX_CALLBACK(void, ticket_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 ticket;

	if (!is_worker(p)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
#ifdef FIXED
	window();
	ticket = __sync_fetch_and_add(&next, 1);
#else
	ticket = next; /* RACE-A */
	window();
	next = ticket + 1; /* RACE-B */
#endif
	if (__sync_lock_test_and_set(&given[ticket % TICKETS], ticket) == ticket)
		scx_bpf_error("ticket %llu was given twice", ticket);
	scx_bpf_dsq_insert_vtime(p, SHARED, SLICE_NS, ticket, enq_flags);
}

SCX_CALLBACK(void, ticket_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED);
}

RACE_BEGINS_AND_ENDS(ticket)

SCX_SCHEDULER(ticket_ops,
	.select_cpu = (void *)ticket_select_cpu,
	.enqueue = (void *)ticket_enqueue,
	.dispatch = (void *)ticket_dispatch,
	.init = (void *)ticket_init,
	.exit = (void *)ticket_exit,
	.name = "ticket");
