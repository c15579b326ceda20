/* SPDX-License-Identifier: GPL-2.0-only */
/* Scheduling policies by sched(7)'s names. */
#ifndef KTSTR_AGENT_WORKER_POLICY_H
#define KTSTR_AGENT_WORKER_POLICY_H

#include <ktstr/basics.h>

/* The class of partial sched_ext schedulers; the C library's headers may not have it yet. */
#define KTSTR_SCHED_EXT 7

struct worker_policy {
	int policy;		/* of sched_setattr(2) */
	int nice;		/* of normal, batch and ext */
	uint32_t priority;	/* of fifo and rr */
	uint64_t runtime_ns, deadline_ns, period_ns; /* of deadline */
};

/* The number of a policy; fails with "OPERATION: policy=NAME: must be ..." if there is none of that name. */
int worker_policy_parse(const char *operation, const char *name);

/* Gives a task (0: the calling one) the policy; false, with errno, if the kernel refuses it. */
bool worker_policy_set(pid_t task, const struct worker_policy *policy);

/* The policy that a task has (0: the calling one); false, with errno, if there is no such task. */
bool worker_policy_get(pid_t task, struct worker_policy *policy);

#endif
