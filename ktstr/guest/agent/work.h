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
	struct worker_page *page;
};

/* Does the work until the process is killed. */
void work_run(struct work *work) __attribute__((noreturn));

#endif
