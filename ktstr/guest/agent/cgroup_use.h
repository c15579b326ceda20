/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tasks of a cgroup use, as the kernel counts it. All are zero for a cgroup that is gone. */
#ifndef KTSTR_AGENT_CGROUP_USE_H
#define KTSTR_AGENT_CGROUP_USE_H

#include <ktstr/basics.h>

/* The CPU time of its tasks so far, those that have ended included. */
uint64_t cgroup_cpu_ns(const char *cgroup);

/* How many tasks it has, and how many of them run or want to. */
unsigned int cgroup_tasks(const char *cgroup, unsigned int *runnable);

/* How many processes it has. */
unsigned int cgroup_processes(const char *cgroup);

#endif
