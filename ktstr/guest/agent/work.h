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
	unsigned int index; /* its number in the plan, from 0 */
	unsigned int group_size; /* 0: it is in no group */
	struct work_line *lines; /* of its spawn, one for each worker */
	void *memory; /* its own; NULL until it asks for it */
	uint64_t drawn; /* random numbers */
	unsigned int spun; /* how often work_spin() last doubled the steps between two looks */
	int file; /* one more than its descriptor; 0: none */
	struct worker_page *page;
};

/* Does the work until the process is killed. */
void work_run(struct work *work) __attribute__((noreturn));

#endif
