// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that deals tasks out to a queue for each CPU, in turn. Its bug: it still deals to CPUs that went offline, and
 * what waits there is never served. With -DHEEDS it deals to CPUs that are online only, and a CPU without work of its own
 * takes that of others; with -DNO_OPS it has no ops.cpu_offline, so the kernel ends it.
 *
 * Pins: what a CPU that goes away does to a scheduler is found by the default checks.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED 0
#define QUEUE(cpu) (1 + (cpu))
#define SLICE 5000000ULL
#define MOST_CPUS 64

const volatile u32 nr_cpu_ids = 1;
static u32 next;

#ifndef NO_OPS
/* The CPUs that are online, as far as its callbacks say; a bit each. */
static u64 online = ~0ULL;
#endif

static __always_inline bool is_worker(const struct task_struct *p)
{
	return p->comm[0] == 'k' && p->comm[1] == 't' && p->comm[5] == '-' && p->comm[6] == 'w';
}

SCX_CALLBACK(void, hotplug_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 cpu = __sync_fetch_and_add(&next, 1) % nr_cpu_ids;

#ifdef HEEDS
	if (!(online & (1ULL << cpu)))
		cpu = MOST_CPUS;
#endif
	if (cpu < MOST_CPUS && is_worker(p))
		scx_bpf_dsq_insert(p, QUEUE(cpu), SLICE, enq_flags);
	else
		scx_bpf_dsq_insert(p, SHARED, SLICE, enq_flags);
}

SCX_CALLBACK(void, hotplug_dispatch, s32 cpu, struct task_struct *prev)
{
	if (scx_bpf_dsq_move_to_local(SHARED))
		return;
	if (scx_bpf_dsq_move_to_local(QUEUE(cpu)))
		return;
#ifdef HEEDS
	for (u32 other = 0; other < MOST_CPUS && other < nr_cpu_ids; other++)
		if (scx_bpf_dsq_move_to_local(QUEUE(other)))
			return;
#endif
}

#ifndef NO_OPS
SCX_SLEEPABLE_CALLBACK(void, hotplug_cpu_online, s32 cpu)
{
	__sync_fetch_and_or(&online, 1ULL << (cpu & (MOST_CPUS - 1)));
}

SCX_SLEEPABLE_CALLBACK(void, hotplug_cpu_offline, s32 cpu)
{
	__sync_fetch_and_and(&online, ~(1ULL << (cpu & (MOST_CPUS - 1))));
}
#endif

SCX_SLEEPABLE_CALLBACK(s32, hotplug_init)
{
	s32 error = scx_bpf_create_dsq(SHARED, -1);
#ifdef HEEDS
	const struct cpumask *now = scx_bpf_get_online_cpumask();

	/* No callback speaks of a CPU that is offline from the start. */
	for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids; cpu++)
		if (!bpf_cpumask_test_cpu(cpu, now))
			online &= ~(1ULL << cpu);
	scx_bpf_put_cpumask(now);
#endif

	for (u32 cpu = 0; cpu < MOST_CPUS && cpu < nr_cpu_ids && !error; cpu++)
		error = scx_bpf_create_dsq(QUEUE(cpu), -1);
	return error;
}

SCX_SLEEPABLE_CALLBACK(void, hotplug_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(hotplug_ops, .enqueue = (void *)hotplug_enqueue, .dispatch = (void *)hotplug_dispatch,
#ifndef NO_OPS
	      .cpu_online = (void *)hotplug_cpu_online, .cpu_offline = (void *)hotplug_cpu_offline,
#endif
	      .init = (void *)hotplug_init, .exit = (void *)hotplug_exit, .name = "hotplug");
