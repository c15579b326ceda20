// SPDX-License-Identifier: GPL-2.0-only
/*
 * preempt_storm: one worker of nice -20, with `realtime` of SCHED_FIFO, wakes every `sleep_ns` and does `burst_iters` steps;
 * `spinners` others compute, and are preempted.
 */
#include <ktstr/work.h>

#include <sched.h>

enum { SPINNERS, SLEEP_NS, BURST_ITERS, REALTIME };

static void rank(struct work *work)
{
	uint64_t *ranked = &work_line(work, 0)->value;

	if (*ranked)
		return;
	*ranked = 1;
	if (work_parameter(work, REALTIME))
		work_set_policy(work, SCHED_FIFO);
	else
		work_set_nice(-20);
}

static void preempt_storm(struct work *work)
{
	if (work_place(work)) {
		work_step(work);
		return;
	}
	rank(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_sleep(work, work_parameter(work, SLEEP_NS));
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, SPINNERS) + 1;
}
KTSTR_GROUP_WORK(preempt_storm, preempt_storm, size, "spinners", "sleep_ns", "burst_iters", "realtime");
