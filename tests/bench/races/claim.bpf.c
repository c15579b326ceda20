// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a worker that is queued to a CPU that is idle, by a mask of its own that update_idle keeps.
 *
 * Its race: a stale idle mask. Between the look at a CPU's mark and its removal another CPU sends a worker there, too. A window
 * of some 10 instructions in hot code. Mended: only who removes the mark sends one.
 */
#include "race.bpf.h"

static u64 idled;
/* Of each CPU, when it went idle, in a count over all CPUs; 0: it is not idle, or is waited for. */
static volatile u64 idle_since[MOST_CPUS];
/* That of the idle period in which it was last claimed. */
static u64 claimed[MOST_CPUS];

RACE_SELECTS_NOTHING(claim)

static __always_inline bool claim(u32 cpu)
{
	u64 since = idle_since[cpu]; /* RACE-A */

	if (!since)
		return false;
	window();
#ifdef FIXED
	if (__sync_val_compare_and_swap(&idle_since[cpu], since, 0) != since)
		return false;
#else
	idle_since[cpu] = 0; /* RACE-B */
#endif
	if (__sync_lock_test_and_set(&claimed[cpu], since) == since)
		scx_bpf_error("idle CPU %u was claimed twice", cpu);
	return true;
}

SCX_CALLBACK(void, claim_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_worker(p))
		for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids; cpu++)
			if (claim(cpu)) {
				scx_bpf_dsq_insert(p, QUEUE(cpu), SLICE_NS, enq_flags);
				scx_bpf_kick_cpu(cpu, 0);
				return;
			}
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, claim_dispatch, s32 cpu, struct task_struct *prev)
{
	if (!scx_bpf_dsq_move_to_local(QUEUE(cpu)))
		scx_bpf_dsq_move_to_local(SHARED);
}

SCX_CALLBACK(void, claim_update_idle, s32 cpu, bool idle)
{
	idle_since[(u32)cpu % MOST_CPUS] = idle ? __sync_add_and_fetch(&idled, 1) : 0;
}

RACE_BEGINS_AND_ENDS(claim)

SCX_SCHEDULER(claim_ops,
	.select_cpu = (void *)claim_select_cpu,
	.enqueue = (void *)claim_enqueue,
	.dispatch = (void *)claim_dispatch,
	.update_idle = (void *)claim_update_idle,
	.init = (void *)claim_init,
	.exit = (void *)claim_exit,
	.name = "claim");
