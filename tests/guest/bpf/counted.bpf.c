// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that knows how often its code is executed: loops of known trip counts in its first callbacks, and counters
 * of its own, which its last callback repeats as trips of loops. test_counts.py and test_coverage.py compare.
 */
#include <ktstr/sched_ext.bpf.h>

#define WORK 20 /* the callbacks that do more */
#define TRIPS 7
#define ROUNDS 10
#define SHOTS 5

struct shooter {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct shooter);
} shooters SEC(".maps");

u64 nr_enqueued, nr_running, nr_even, nr_odd, nr_shots;
volatile u64 sum;

static __noinline u64 weigh(u64 value)
{
	volatile u64 total = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < TRIPS; i++)
		total += value; /* trip */
	return total;
}

static int on_round(u32 index, void *context)
{
	__sync_fetch_and_add(&sum, index); /* round */
	return 0;
}

static int echo_enqueued(u32 index, void *context)
{
	__sync_fetch_and_add(&sum, 1); /* echo of enqueued */
	return 0;
}

static int echo_odd(u32 index, void *context)
{
	__sync_fetch_and_add(&sum, 2); /* echo of odd */
	return 0;
}

static int on_shot(void *map, u32 *key, struct shooter *shooter)
{
	if (__sync_fetch_and_add(&nr_shots, 1) < SHOTS - 1)
		bpf_timer_start(&shooter->timer, 1000000, 0); /* shot again */
	return 0;
}

SCX_CALLBACK(void, counted_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 seq = __sync_fetch_and_add(&nr_enqueued, 1);

	if (seq < WORK) {
		sum += weigh(seq); /* work */
		bpf_loop(ROUNDS, on_round, NULL, 0);
		if (seq & 1)
			__sync_fetch_and_add(&nr_odd, 1); /* odd */
		else
			__sync_fetch_and_add(&nr_even, 1); /* even */
	}
	if (seq == ~0ULL)
		scx_bpf_error("never"); /* never */
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_CALLBACK(void, counted_running, struct task_struct *p)
{
	__sync_fetch_and_add(&nr_running, 1);
}

/* No kernel calls it: no CPU is taken away. */
SCX_CALLBACK(void, counted_cpu_offline, s32 cpu)
{
	__sync_fetch_and_add(&sum, 3); /* unreached */
}

SCX_SLEEPABLE_CALLBACK(s32, counted_init)
{
	u32 zero = 0;
	struct shooter *shooter = bpf_map_lookup_elem(&shooters, &zero);

	if (!shooter)
		return -2;
	bpf_timer_init(&shooter->timer, &shooters, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&shooter->timer, on_shot);
	bpf_timer_start(&shooter->timer, 1000000, 0);
	return 0;
}

SCX_SLEEPABLE_CALLBACK(void, counted_exit, struct scx_exit_info *info)
{
	bpf_loop(nr_enqueued, echo_enqueued, NULL, 0);
	bpf_loop(nr_odd, echo_odd, NULL, 0);
	ktstr_record_exit(info);
}

SCX_SCHEDULER(counted_ops,
	.enqueue = (void *)counted_enqueue,
	.running = (void *)counted_running,
	.cpu_offline = (void *)counted_cpu_offline,
	.init = (void *)counted_init,
	.exit = (void *)counted_exit,
	.name = "counted");
