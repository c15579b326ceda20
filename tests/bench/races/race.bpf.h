// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the schedulers of the benchmark share. Each has one race, and with -DFIXED none: nothing else differs.
 *
 * RACE-A marks the last line before the race's window, a look at what others change, and RACE-B the first one after it,
 * which acts on what was seen. A CPU that stands still in between, while another one gets past RACE-C (the same lines if
 * there is no such mark), does the damage. With -DWIDE=us every CPU stands still there for so many microseconds.
 */
#ifndef RACE_BPF_H
#define RACE_BPF_H

#include <ktstr/sched_ext.bpf.h>

#include "../../schedulers/worker.bpf.h"

#define SHARED 0
#define QUEUE(cpu) (1 + (cpu)) /* of one CPU */
#define MOST_CPUS 8
#define SLICE_NS 1000000ULL

const volatile u32 nr_cpu_ids = 1;

#ifdef WIDE
static long has_passed(u64 index, u64 *until_ns)
{
	return bpf_ktime_get_ns() >= *until_ns;
}

static __always_inline void window(void)
{
	u64 until_ns = bpf_ktime_get_ns() + WIDE * 1000ULL;

	bpf_loop(1 << 23, has_passed, &until_ns, 0);
}
#else
static __always_inline void window(void)
{
}
#endif

static __always_inline bool is_worker(const struct task_struct *p)
{
	return worker_digit(p) >= 0;
}

static __always_inline u32 this_cpu(void)
{
	return bpf_get_smp_processor_id() % MOST_CPUS;
}

/* A queue for all, and one for each CPU. */
static __always_inline s32 create_queues(void)
{
	s32 error = scx_bpf_create_dsq(SHARED, -1);

	for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids && !error; cpu++)
		error = scx_bpf_create_dsq(QUEUE(cpu), -1);
	return error;
}

/* The callbacks of those that need no others of their own. */
#define RACE_BEGINS_AND_ENDS(name)                                              \
	SCX_SLEEPABLE_CALLBACK(s32, name##_init)                                \
	{                                                                       \
		return create_queues();                                         \
	}                                                                       \
	SCX_SLEEPABLE_CALLBACK(void, name##_exit, struct scx_exit_info *info)   \
	{                                                                       \
		ktstr_record_exit(info);                                        \
	}

/* A task that wakes is queued where it ran before, so that it always comes to enqueue. */
#define RACE_SELECTS_NOTHING(name)                                                             \
	SCX_CALLBACK(s32, name##_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags) \
	{                                                                                      \
		return prev_cpu;                                                               \
	}

#endif
