// SPDX-License-Identifier: GPL-2.0-only
/* affinity_churn: does `burst_iters` steps, then confines itself to one of its CPUs, drawn from the run's seed. */
#include <ktstr/work.h>

#include <errno.h>
#include <sched.h>
#include <string.h>

enum { BURST_ITERS };

/* The CPUs that it may use now. */
static void learn(cpu_set_t *cpus)
{
	if (sched_getaffinity(0, sizeof(*cpus), cpus))
		fail_errno("worker", "sched_getaffinity");
}

static int pick(struct work *work, const cpu_set_t *cpus)
{
	uint64_t left = work_random(work) % (uint64_t)CPU_COUNT(cpus);
	int cpu = 0;

	while (!CPU_ISSET(cpu, cpus) || left--)
		cpu++;
	return cpu;
}

static void affinity_churn(struct work *work)
{
	cpu_set_t *cpus = work_memory(work, sizeof(*cpus)), one;

	if (!CPU_COUNT(cpus))
		learn(cpus);
	work_steps(work, work_parameter(work, BURST_ITERS));
	CPU_ZERO(&one);
	CPU_SET(pick(work, cpus), &one);
	if (!sched_setaffinity(0, sizeof(one), &one))
		return;
	if (errno != EINVAL)
		fail_errno("worker", "sched_setaffinity");
	/* The cpuset has changed, or the CPU is offline: all that there are now. */
	memset(&one, 0xff, sizeof(one));
	if (sched_setaffinity(0, sizeof(one), &one))
		fail_errno("worker", "sched_setaffinity");
	learn(cpus);
}
KTSTR_WORK(affinity_churn, affinity_churn, "burst_iters");
