// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU that takes the next worker sends it to a CPU that it may use.
 *
 * Its race: the affinity changes between the choice and the insertion. The kernel has queued the worker anew by then, so it
 * accepts the insertion, and the worker waits for a CPU that it may not use any more. A window of some 10 instructions in hot
 * code, but affinities change rarely. Mended: it looks at the affinity after the insertion, and cancels it.
 */
#include "pids.bpf.h"

/* The pid of the task that was wrong in each CPU's queue at the last tick of CPU 0. */
static s32 misplaced[MOST_CPUS];

RACE_SELECTS_NOTHING(affinity)

SCX_CALLBACK(void, affinity_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (!is_worker(p) || !put_last(p))
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
}

static __always_inline void send(struct task_struct *p)
{
	s32 cpu = bpf_cpumask_any_distribute(p->cpus_ptr); /* RACE-A */

	window();
	scx_bpf_dsq_insert(p, QUEUE(cpu), SLICE_NS, 0); /* RACE-B */
#ifdef FIXED
	if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
		scx_bpf_dispatch_cancel();
		put_last(p);
		cpu = this_cpu();
	}
#endif
	scx_bpf_kick_cpu(cpu, 0);
}

SCX_CALLBACK(void, affinity_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p = take_first();

	if (p) {
		send(p);
		bpf_task_release(p);
	}
	scx_bpf_dsq_move_to_local(QUEUE(cpu));
}

/*
 * The pid of the first task in the CPU's queue, if it may not run there; 0: there is none such. The kernel takes a task from its
 * queue before it changes its affinity, so it is one only if it is still there after the look at that.
 */
static __always_inline s32 wrong_one(u32 cpu)
{
	struct task_struct *first = scx_bpf_dsq_peek(QUEUE(cpu));

	if (!first || bpf_cpumask_test_cpu(cpu, first->cpus_ptr) || scx_bpf_dsq_peek(QUEUE(cpu)) != first)
		return 0;
	return first->pid;
}

SCX_CALLBACK(void, affinity_tick, struct task_struct *p)
{
	if (this_cpu())
		return;
	for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids; cpu++) {
		s32 pid = wrong_one(cpu);

		if (pid && pid == misplaced[cpu])
			scx_bpf_error("worker %d waits for CPU %u, which it may not use", pid, cpu);
		misplaced[cpu] = pid;
	}
}

RACE_BEGINS_AND_ENDS(affinity)

SCX_SCHEDULER(affinity_ops,
	.select_cpu = (void *)affinity_select_cpu,
	.enqueue = (void *)affinity_enqueue,
	.dispatch = (void *)affinity_dispatch,
	.tick = (void *)affinity_tick,
	.init = (void *)affinity_init,
	.exit = (void *)affinity_exit,
	.name = "affinity");
