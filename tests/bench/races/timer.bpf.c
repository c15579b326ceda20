// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers are let go by a timer, a batch at a time. It runs only while there are any that want to.
 *
 * Its race: a timer against its own cancel. The last worker that sleeps says that the timer is off, and cancels it; if another
 * one has started it in between, it is thought to run and does not. A window of some 5 instructions in code that runs rarely.
 * Mended: it is cancelled first, and whoever wakes until it is said to be off is looked for after that.
 */
#include "race.bpf.h"

#define CLOCK_MONOTONIC 1
#define PERIOD_NS 200000ULL
#define ENOENT 2

struct release {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct release);
} releases SEC(".maps");

/* A worker gets its name while it runs: how it was counted is kept. */
struct own_count {
	bool wants;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct own_count);
} counts SEC(".maps");

static volatile s64 wanting;
static volatile u32 is_on;
static volatile s64 let_go;

static __always_inline struct release *the_release(void)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&releases, &key);
}

static int passed(void *map, u32 *key, struct release *release)
{
	let_go = scx_bpf_dsq_nr_queued(SHARED);
	for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids; cpu++)
		scx_bpf_kick_cpu(cpu, 0);
	bpf_timer_start(&release->timer, PERIOD_NS, 0);
	return 0;
}

static __always_inline void turn_on(void)
{
	struct release *release = the_release();

	if (release && !__sync_lock_test_and_set(&is_on, 1))
		bpf_timer_start(&release->timer, PERIOD_NS, 0); /* RACE-C */
}

/* Callbacks run with interrupts off, where only the asynchronous cancel works. It comes after each start that came before it. */
static __always_inline void turn_off(void)
{
	struct release *release = the_release();

	if (!release)
		return;
#ifdef FIXED
	window();
	bpf_timer_cancel_async(&release->timer);
	__sync_lock_test_and_set(&is_on, 0);
	if (wanting)
		turn_on();
#else
	__sync_lock_test_and_set(&is_on, 0); /* RACE-A */
	window();
	bpf_timer_cancel_async(&release->timer); /* RACE-B */
#endif
}

RACE_SELECTS_NOTHING(timer)

SCX_CALLBACK(void, timer_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct own_count *own = bpf_task_storage_get(&counts, p, 0, 0);

	scx_bpf_dsq_insert(p, own && own->wants ? SHARED : SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, timer_dispatch, s32 cpu, struct task_struct *prev)
{
	if (let_go > 0 && scx_bpf_dsq_move_to_local(SHARED))
		__sync_fetch_and_sub(&let_go, 1);
}

SCX_CALLBACK(void, timer_runnable, struct task_struct *p, u64 enq_flags)
{
	struct own_count *own = is_worker(p) ? bpf_task_storage_get(&counts, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE) : NULL;

	if (!own)
		return;
	own->wants = true;
	__sync_fetch_and_add(&wanting, 1);
	turn_on();
}

SCX_CALLBACK(void, timer_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct own_count *own = bpf_task_storage_get(&counts, p, 0, 0);

	if (!own || !own->wants)
		return;
	own->wants = false;
	if (__sync_sub_and_fetch(&wanting, 1) == 0)
		turn_off();
}

SCX_SLEEPABLE_CALLBACK(s32, timer_init)
{
	struct release *release = the_release();

	if (!release)
		return -ENOENT;
	bpf_timer_init(&release->timer, &releases, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&release->timer, passed);
	return create_queues();
}

SCX_SLEEPABLE_CALLBACK(void, timer_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(timer_ops,
	.select_cpu = (void *)timer_select_cpu,
	.enqueue = (void *)timer_enqueue,
	.dispatch = (void *)timer_dispatch,
	.runnable = (void *)timer_runnable,
	.quiescent = (void *)timer_quiescent,
	.init = (void *)timer_init,
	.exit = (void *)timer_exit,
	.name = "timer");
