/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program under test may not do: speak to the host in the agent's name, or change what the agent reads. */
#ifndef KTSTR_AGENT_CONFINE_H
#define KTSTR_AGENT_CONFINE_H

#include <ktstr/basics.h>

/* Has the programs that are started from here on keep every privilege (declare_scheduler(privileged=True)). */
void confine_none(void);

/* Leaves the kernel as it is: a locked one has a debugfs that nobody writes to. */
void confine_unlocked(void);

/*
 * To be called once, early: removes the agent's file, since who can name it can put probes into all processes that run it.
 * Their links to it in procfs open for nobody who may not trace them.
 */
void confine_init(void);

/* To be called once, early: whatever the kernel itself starts, such as a core_pattern's program, has no capability. */
void confine_helpers(void);

/* To be called before a program's process is forked: locks the kernel down, as far as it can be. */
void confine_kernel(void);

/*
 * To be called before a scheduler's program or a payload is forked, as well: it cannot load BPF that changes what the agent's
 * system calls return. Not before a program that only loads an object to have it verified: that may be of any type.
 */
void confine_bpf(void);

/* In that process before its program is executed: takes from it what only a program that cheats would use. */
void confine_program(void);

/*
 * The same for a program that is the test's own workload, but without the filter of system calls: a task in a filter runs with
 * migration disabled, and every system call of a workload would be such a moment for the scheduler.
 */
void confine_workload(void);

#endif
