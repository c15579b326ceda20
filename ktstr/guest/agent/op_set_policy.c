// SPDX-License-Identifier: GPL-2.0-only
/*
 * set_policy CGROUP GROUP COUNT POLICY PRIORITY RUNTIME DEADLINE PERIOD: gives running workers a scheduling policy. What
 * it does not take is 0; their nice value stays.
 */
#include <ktstr/operation.h>

#include <errno.h>

#include "agent.h"
#include "worker_choice.h"

static bool give(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);
	struct worker_policy wanted = {
		.policy = worker_policy_parse("set_policy", argument_text(arguments, "policy")),
		.priority = argument_u32(arguments, "priority"),
		.runtime_ns = argument_u64(arguments, "runtime"),
		.deadline_ns = argument_u64(arguments, "deadline"),
		.period_ns = argument_u64(arguments, "period"),
	};

	for (unsigned int i = 0; i < choice->count; i++) {
		pid_t task = worker_task(choice->all[i]);
		struct worker_policy now = { .policy = 0 };

		if (worker_policy_get(task, &now)) {
			wanted.nice = now.nice;
			if (worker_policy_set(task, &wanted))
				continue;
		}
		if (errno != ESRCH)
			operation_refused("sched_setattr");
	}
	return true;
}
KTSTR_OPERATION(set_policy, "cgroup group count:u32 policy priority:u32 runtime:u64 deadline:u64 period:u64", give);
