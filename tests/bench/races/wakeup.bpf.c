// SPDX-License-Identifier: GPL-2.0-only
/*
 * All workers that may move are queued on CPU 0, as scx_central has it, and a CPU that is idle is kicked to take one.
 *
 * Its race: a wakeup lost at idle. A CPU finds nothing to run and then says that it is idle; who queues a worker in between
 * sees no idle CPU, and the worker waits beside one. A window of some 10 instructions in code that runs often. Mended: a CPU
 * that has said so looks again.
 */
#include "pids.bpf.h"

/* A bit for each CPU. */
static volatile u64 idle, kicked;
static volatile s64 waiting;
/* How many callbacks run, and how many began: between them nothing can be judged. */
static volatile s64 inside;
static volatile u64 begun;

static __always_inline void begins(void)
{
	__sync_fetch_and_add(&inside, 1);
	__sync_fetch_and_add(&begun, 1);
}

static __always_inline void ends(void)
{
	__sync_fetch_and_sub(&inside, 1);
}

static __always_inline bool may_move(const struct task_struct *p)
{
	return is_worker(p) && p->nr_cpus_allowed > 1;
}

SCX_CALLBACK(s32, wakeup_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return may_move(p) ? 0 : prev_cpu;
}

SCX_CALLBACK(void, wakeup_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 seen;

	if (!may_move(p)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, is_worker(p) ? SCX_SLICE_INF : SLICE_NS, enq_flags);
		return;
	}
	begins();
	__sync_fetch_and_add(&waiting, 1);
	put_last(p);
	seen = idle; /* RACE-C */
	for (u32 cpu = 1; cpu < MOST_CPUS && cpu < nr_cpu_ids; cpu++)
		if (seen & (1ULL << cpu) && __sync_fetch_and_and(&idle, ~(1ULL << cpu)) & (1ULL << cpu)) {
			__sync_fetch_and_or(&kicked, 1ULL << cpu);
			scx_bpf_kick_cpu(cpu, 0);
			break;
		}
	ends();
}

/* Whether there was one to run. */
static __always_inline bool take_one(void)
{
	struct task_struct *p = take_first();

	if (!p)
		return false;
	__sync_fetch_and_sub(&waiting, 1);
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, 0);
	bpf_task_release(p);
	scx_bpf_dsq_move_to_local(SHARED);
	return true;
}

SCX_CALLBACK(void, wakeup_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 self = 1ULL << ((u32)cpu % MOST_CPUS);

	begins();
	__sync_fetch_and_and(&kicked, ~self);
	__sync_fetch_and_and(&idle, ~self);
	if (!take_one() && !(prev && prev->scx.flags & SCX_TASK_QUEUED)) { /* RACE-A */
		window();
		__sync_fetch_and_or(&idle, self); /* RACE-B */
#ifdef FIXED
		if (take_one())
			__sync_fetch_and_and(&idle, ~self);
#endif
	}
	ends();
}

/* Of the task that never leaves CPU 0: whether a worker waits while a CPU is idle, and nobody is about to see it. */
SCX_CALLBACK(void, wakeup_tick, struct task_struct *p)
{
	u64 before = begun;

	if (!inside && !kicked && idle & ~1ULL && waiting > 0 && before == begun)
		scx_bpf_error("%lld workers wait while CPUs %llx are idle", waiting, idle);
}

RACE_BEGINS_AND_ENDS(wakeup)

SCX_SCHEDULER(wakeup_ops,
	.select_cpu = (void *)wakeup_select_cpu,
	.enqueue = (void *)wakeup_enqueue,
	.dispatch = (void *)wakeup_dispatch,
	.tick = (void *)wakeup_tick,
	.init = (void *)wakeup_init,
	.exit = (void *)wakeup_exit,
	.name = "wakeup");
