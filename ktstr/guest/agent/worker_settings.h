/* SPDX-License-Identifier: GPL-2.0-only */
/* What a group of workers is beside its work: policy, affinity, name, user, threads, memory. */
#ifndef KTSTR_AGENT_WORKER_SETTINGS_H
#define KTSTR_AGENT_WORKER_SETTINGS_H

#include "worker_policy.h"

struct worker_settings {
	struct worker_policy policy;
	const char *group;	/* its name; empty: it has none */
	const char *affinity;	/* sets of CPUs; NULL: all CPUs */
	const char *comm;	/* NULL: ktstr-wINDEX */
	const char *nodes;	/* of the memory policy */
	int memory;		/* the mode of set_mempolicy(2), or -1 */
	bool threads;		/* of one process */
	bool has_uid, has_gid;
	uint32_t uid, gid;
};

/*
 * The settings of a policy and of the words that begin with '+', "+nice=5", up to a NULL. Others are the work's. Fails,
 * naming what is wrong.
 */
struct worker_settings worker_settings_parse(int policy, char *const *words);

/* Gives them to the calling task, number `place` of its group and `index` of all; fails if the kernel refuses one. */
void worker_settings_apply(const struct worker_settings *settings, unsigned int place, unsigned int index);

#endif
