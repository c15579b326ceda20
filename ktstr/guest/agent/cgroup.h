/* SPDX-License-Identifier: GPL-2.0-only */
/* cgroups (version 2) with the cpu and cpuset controllers. */
#ifndef KTSTR_AGENT_CGROUP_H
#define KTSTR_AGENT_CGROUP_H

#include <ktstr/basics.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

void cgroup_setup(void);

/* Makes a cgroup under the root. `cpuset` is a list as cpuset.cpus takes it, or "-" for all CPUs. */
void cgroup_add(const char *name, const char *cpuset);

/* Moves a process into a cgroup. */
void cgroup_attach(const char *name, pid_t pid);

#endif
