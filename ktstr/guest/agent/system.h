/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's mounts, and what its sysfs says about its CPUs. */
#ifndef KTSTR_AGENT_SYSTEM_H
#define KTSTR_AGENT_SYSTEM_H

#include <ktstr/basics.h>

void system_mount(void);

/* Reports the kernel's release, the CPUs and the NUMA nodes. */
void system_describe(void);

/* CPUs that are online. */
unsigned int system_cpus(void);

/* CPUs that the kernel has room for: a per-CPU map has a value for each. "0-3" are 4. */
unsigned int system_possible_cpus(void);

#endif
