/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's mounts, and what its sysfs says about its CPUs. */
#ifndef KTSTR_AGENT_SYSTEM_H
#define KTSTR_AGENT_SYSTEM_H

#include <ktstr/basics.h>

void system_mount(void);

/* Reports the kernel's release, the CPUs and the NUMA nodes. */
void system_describe(void);

/* One more than the highest number of a CPU that the guest has, online or not. "0-3" are 4. */
unsigned int system_cpus(void);

/* Whether that CPU is online now. */
bool system_online(unsigned int cpu);

/* The online CPU with the highest number, which is the agent's own when it starts. */
unsigned int system_last_online(void);

/* The same for the CPUs that the kernel has room for: a per-CPU map has a value for each. */
unsigned int system_possible_cpus(void);

#endif
