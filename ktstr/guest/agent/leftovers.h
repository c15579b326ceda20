/* SPDX-License-Identifier: GPL-2.0-only */
/* What a plan leaves behind. */
#ifndef KTSTR_AGENT_LEFTOVERS_H
#define KTSTR_AGENT_LEFTOVERS_H

#include <ktstr/basics.h>

/* Notes which CPUs are online. Call before the plan begins. */
void leftovers_prepare(void);

/*
 * Ends every process, removes every cgroup, and reports what is still there by the event `leftover`: processes, cgroups,
 * CPUs that are not as they were. Call when the scheduler has stopped.
 */
void leftovers_report(void);

#endif
