// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_churn: does `burst_iters` steps under one policy after another: normal and batch, idle if `idle`, fifo and rr if
 * `realtime`.
 */
#include <ktstr/work.h>

#include <sched.h>

enum { BURST_ITERS, IDLE, REALTIME };

static void policy_churn(struct work *work)
{
	int policies[5], count = 0;

	policies[count++] = SCHED_OTHER;
	policies[count++] = SCHED_BATCH;
	if (work_parameter(work, IDLE))
		policies[count++] = SCHED_IDLE;
	if (work_parameter(work, REALTIME)) {
		policies[count++] = SCHED_FIFO;
		policies[count++] = SCHED_RR;
	}
	for (int i = 0; i < count; i++) {
		work_set_policy(work, policies[i]);
		work_steps(work, work_parameter(work, BURST_ITERS));
	}
}
KTSTR_WORK(policy_churn, policy_churn, "burst_iters", "idle", "realtime");
