/* SPDX-License-Identifier: GPL-2.0-only */
/* The workers of a cgroup. */
#ifndef KTSTR_AGENT_MEMBER_H
#define KTSTR_AGENT_MEMBER_H

#include "worker.h"

/* The cgroup that a worker is in. */
const char *member_cgroup(const struct worker *worker);

/* Calls `each` for every worker that lives in a cgroup or below it. */
void members_each(const char *cgroup, void (*each)(struct worker *worker));

/* Ends all workers in a cgroup and below it, and whatever else runs there; false, with errno, if the kernel refuses. */
bool members_end(const char *cgroup);

/*
 * Moves the first `count` workers of a cgroup (0: all, and whatever else runs in it, unless it is the root) into another.
 * What has ended is passed over. Returns how many tasks were moved; false in `all`, with errno, if the kernel refuses one.
 */
unsigned int members_move(const char *from, const char *to, unsigned int count, bool *all);

#endif
