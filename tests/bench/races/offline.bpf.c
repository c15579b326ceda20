// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deals workers out to the queue of the online CPU that has the fewest waiting. What a CPU leaves behind that goes offline is
 * taken by the others.
 *
 * Its race: hotplug against dispatch. A worker is dealt to a CPU that was online when the choice began; it goes offline, the
 * others empty its queue, and nobody looks there again. A window of 100 to 200 instructions in hot code, but CPUs go rarely.
 * Mended: the others look into the queue of a CPU for as long as it is offline.
 */
#include "race.bpf.h"

/* A bit for each CPU. */
static volatile u64 offline, left_behind;

RACE_SELECTS_NOTHING(offline)

SCX_CALLBACK(void, offline_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 gone = offline; /* RACE-A */
	s32 fewest = 1 << 30, best = 0;

	if (!is_worker(p)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	/* CPU 0, which has interrupts to handle, comes last. */
	for (u32 i = 1; i <= MOST_CPUS && i <= nr_cpu_ids; i++) {
		u32 cpu = i % nr_cpu_ids;
		s32 queued = scx_bpf_dsq_nr_queued(QUEUE(cpu));

		if (!(gone & (1ULL << cpu)) && queued < fewest) {
			fewest = queued;
			best = cpu;
		}
	}
	window();
	scx_bpf_dsq_insert(p, QUEUE(best), SLICE_NS, enq_flags); /* RACE-B */
	scx_bpf_kick_cpu(best, 0);
}

SCX_CALLBACK(void, offline_dispatch, s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dsq_move_to_local(QUEUE(cpu)))
		return;
	for (u32 other = 0; other < MOST_CPUS && other < nr_cpu_ids; other++) {
		if (!(left_behind & (1ULL << other)))
			continue;
		if (scx_bpf_dsq_move_to_local(QUEUE(other)))
			return;
#ifndef FIXED
		__sync_fetch_and_and(&left_behind, ~(1ULL << other)); /* RACE-C */
#endif
	}
}

SCX_SLEEPABLE_CALLBACK(void, offline_cpu_offline, s32 cpu)
{
	u64 bit = 1ULL << ((u32)cpu % MOST_CPUS);

	__sync_fetch_and_or(&offline, bit);
	__sync_fetch_and_or(&left_behind, bit);
}

SCX_SLEEPABLE_CALLBACK(void, offline_cpu_online, s32 cpu)
{
	u64 bit = 1ULL << ((u32)cpu % MOST_CPUS);

	__sync_fetch_and_and(&left_behind, ~bit);
	__sync_fetch_and_and(&offline, ~bit);
}

RACE_BEGINS_AND_ENDS(offline)

SCX_SCHEDULER(offline_ops,
	.select_cpu = (void *)offline_select_cpu,
	.enqueue = (void *)offline_enqueue,
	.dispatch = (void *)offline_dispatch,
	.cpu_offline = (void *)offline_cpu_offline,
	.cpu_online = (void *)offline_cpu_online,
	.init = (void *)offline_init,
	.exit = (void *)offline_exit,
	.name = "offline");
