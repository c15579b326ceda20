// SPDX-License-Identifier: GPL-2.0-only
/*
 * core_sched CGROUP GROUP COUNT: gives workers one core scheduling cookie: of a core's threads, those that run one of them
 * run no other task meanwhile.
 */
#include <ktstr/operation.h>

#include <errno.h>
#include <linux/prctl.h>
#include <sys/prctl.h>

#include "agent.h"
#include "worker_choice.h"

#define KTHREADD 2 /* it has no cookie, and ends with the kernel */

/* PR_SCHED_CORE acts on one task: a cookie is passed on from a task to the caller, and from the caller to a task. */
static bool core(unsigned long what, pid_t task)
{
	return !prctl(PR_SCHED_CORE, what, task, PR_SCHED_CORE_SCOPE_THREAD, 0);
}

static bool core_sched(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);

	if (!choice->count)
		return true;
	if (!core(PR_SCHED_CORE_CREATE, worker_task(choice->all[0]))) {
		operation_refused(errno == EINVAL ? "PR_SCHED_CORE: the kernel lacks CONFIG_SCHED_CORE" :
						    "PR_SCHED_CORE: needs CPUs with SMT");
		return true;
	}
	if (!core(PR_SCHED_CORE_SHARE_FROM, worker_task(choice->all[0])))
		fail_errno("core_sched", "PR_SCHED_CORE_SHARE_FROM");
	for (unsigned int i = 1; i < choice->count; i++)
		if (!core(PR_SCHED_CORE_SHARE_TO, worker_task(choice->all[i])))
			operation_refused("prctl(PR_SCHED_CORE)");
	/* The agent itself must not keep it. */
	if (!core(PR_SCHED_CORE_SHARE_FROM, KTHREADD))
		fail_errno("core_sched", "giving up the cookie");
	return true;
}
KTSTR_OPERATION(core_sched, "cgroup group count:u32", core_sched);
