// SPDX-License-Identifier: GPL-2.0-only
/* A worker that changes its own policy or nice value, as part of its work. */
#include "work.h"

#include <sched.h>
#include <sys/resource.h>

#include "worker_policy.h"

#define PRIORITY 10 /* of fifo and rr: below the agent, which must observe them */

void work_set_policy(struct work *work, int policy)
{
	bool real_time = policy == SCHED_FIFO || policy == SCHED_RR;
	struct worker_policy wanted = { .policy = policy, .priority = real_time ? PRIORITY : 0 }, now;

	*(volatile uint32_t *)&work->page->own_policy = 1;
	if (!worker_policy_get(0, &now))
		fail_errno("worker", "sched_getattr");
	wanted.nice = now.nice;
	if (!worker_policy_set(0, &wanted))
		fail_errno("worker", "its own policy: sched_setattr");
}

void work_set_nice(int nice)
{
	/* Of the calling thread alone. */
	if (setpriority(PRIO_PROCESS, 0, nice))
		fail_errno("worker", "its own nice value: setpriority");
}
