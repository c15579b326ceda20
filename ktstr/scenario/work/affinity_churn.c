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

static void affinity_churn(struct work *work)
{
	cpu_set_t *cpus = work_memory(work, sizeof(*cpus)), one;

	if (!CPU_COUNT(cpus))
		learn(cpus);
	work_steps(work, work_parameter(work, BURST_ITERS));
	CPU_ZERO(&one);
	CPU_SET(work_draw_cpu(work, cpus), &one);
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
