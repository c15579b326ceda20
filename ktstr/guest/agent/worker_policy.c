// SPDX-License-Identifier: GPL-2.0-only
/* Scheduling policies by sched(7)'s names. */
#include "worker_policy.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#define WHERE "plan"

/* sched_setattr(2)'s structure as of Linux 3.14: some C libraries have it under its own name, some do not. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

int worker_policy_parse(const char *operation, const char *name)
{
	static const struct {
		const char *name;
		int policy;
	} policies[] = {
		{ "normal", SCHED_OTHER }, { "batch", SCHED_BATCH },	    { "idle", SCHED_IDLE },
		{ "fifo", SCHED_FIFO },	   { "rr", SCHED_RR },		    { "deadline", SCHED_DEADLINE },
		{ "ext", KTSTR_SCHED_EXT },
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i].name, name))
			return policies[i].policy;
	fail_format(WHERE, "%s: policy=%s: must be normal, batch, idle, fifo, rr, deadline or ext", operation, name);
}

bool worker_policy_set(pid_t task, const struct worker_policy *policy)
{
	struct attributes attributes = {
		.size = sizeof(attributes),
		.policy = (uint32_t)policy->policy,
		.nice = policy->nice,
		.priority = policy->priority,
		.runtime_ns = policy->runtime_ns,
		.deadline_ns = policy->deadline_ns,
		.period_ns = policy->period_ns,
	};

	return !syscall(SYS_sched_setattr, task, &attributes, 0);
}

bool worker_policy_get(pid_t task, struct worker_policy *policy)
{
	struct attributes attributes = { .size = sizeof(attributes) };

	int nice;

	if (syscall(SYS_sched_getattr, task, &attributes, sizeof(attributes), 0))
		return false;
	/* Real-time tasks keep their nice value, but only getpriority(2) says it. */
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)task);
	if (errno)
		return false;
	*policy = (struct worker_policy){
		.policy = (int)attributes.policy,
		.nice = nice,
		.priority = attributes.priority,
		.runtime_ns = attributes.runtime_ns,
		.deadline_ns = attributes.deadline_ns,
		.period_ns = attributes.period_ns,
	};
	return true;
}
