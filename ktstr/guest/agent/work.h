/* SPDX-License-Identifier: GPL-2.0-only */
/* A worker's work: its type, its parameters, and what it measures. */
#ifndef KTSTR_AGENT_WORK_H
#define KTSTR_AGENT_WORK_H

#include <ktstr/work.h>

#include "worker_page.h"

struct work {
	const struct work_type *type;
	int policy; /* of sched_setscheduler(2) */
	uint64_t parameters[KTSTR_MAX_PARAMETERS];
	unsigned int member; /* its number among the workers of its spawn, from 0 */
	uint64_t blocked_ns; /* when it last began to wait for another worker */
	int pipes[2][2]; /* of a paired work type: from the first to the second, and back; read and write end */
	struct worker_page *page;
};

/*
 * Around a time in which the worker waits for another one: it sleeps for `ns`, or until it was woken at `woken_ns`,
 * whichever is earlier. What comes after that is a gap.
 */
void work_blocks(struct work *work, uint64_t ns);
void work_unblocked(struct work *work, uint64_t woken_ns);

/* Does the work until the process is killed. */
void work_run(struct work *work) __attribute__((noreturn));

#endif
