/* SPDX-License-Identifier: GPL-2.0-only */
/* The workers that an operation is about. */
#ifndef KTSTR_AGENT_WORKER_CHOICE_H
#define KTSTR_AGENT_WORKER_CHOICE_H

#include <ktstr/operation.h>

#include "worker.h"

struct worker_choice {
	unsigned int count;
	struct worker *all[KTSTR_MAX_WORKERS]; /* in the order in which they were spawned */
};

/*
 * The living workers that the arguments `cgroup` (empty: the root), `group` (empty: any) and `count` (0: all) of an
 * operation choose: those that are in the cgroup now, wherever they were spawned. Valid until the next call.
 */
const struct worker_choice *workers_choose(struct workers *workers, const struct arguments *arguments);

#endif
