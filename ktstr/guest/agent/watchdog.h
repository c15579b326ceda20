/* SPDX-License-Identifier: GPL-2.0-only */
/* The time after which the kernel ejects a scheduler that leaves a task waiting. */
#ifndef KTSTR_AGENT_WATCHDOG_H
#define KTSTR_AGENT_WATCHDOG_H

#include <ktstr/basics.h>

/* Sets that time for the schedulers that are started from here on. */
void watchdog_set(uint32_t ms);

/* To be called before the scheduler's process is forked, */
void watchdog_prepare(void);

/* in that process before its program is executed, */
void watchdog_install(void);

/* and in the agent after the fork: starts a process that watches the program, with the agent's priority. */
void watchdog_start(void);

#endif
