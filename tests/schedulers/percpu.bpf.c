// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does something for each CPU when it starts, in a loop that the verifier walks: what it costs depends on how many CPUs
 * there are. Refuses to start where there are more than `max_cpus`.
 *
 * Pins: that the verifier sweep shows a range over topologies, and a scheduler that attaches on some of them only.
 */
#include <ktstr/sched_ext.bpf.h>

#define CPUS 256
#define E2BIG 7

const volatile u32 nr_cpu_ids = 1;
const volatile u32 max_cpus = CPUS;

u64 started[CPUS];

SCX_SLEEPABLE_CALLBACK(s32, percpu_init)
{
	if (nr_cpu_ids > max_cpus)
		return -E2BIG;
	for (u32 cpu = 0; cpu < nr_cpu_ids && cpu < CPUS; cpu++)
		started[cpu] = bpf_ktime_get_ns();
	return 0;
}

SCX_SLEEPABLE_CALLBACK(void, percpu_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(percpu_ops,
	.init = (void *)percpu_init,
	.exit = (void *)percpu_exit,
	.name = "percpu");
