/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The monitor: what the scheduler, the run queues and the kernel's counters say at a set period of a hold. It is off
 * unless the plan asks for it. Each source of numbers is a file of its own, `monitor_*.c`.
 */
#ifndef KTSTR_AGENT_MONITOR_H
#define KTSTR_AGENT_MONITOR_H

#include <ktstr/basics.h>

/* Has each hold from here on sampled every `period_ns`. */
void monitor_set(uint64_t period_ns);

/* Also reads those: a variable of the scheduler, a file of numbers, a socket that serves statistics. */
void monitor_add_variable(const char *name);
void monitor_add_file(const char *path, const char *name);
void monitor_add_stats(const char *path);

/* Before a hold begins. */
void monitor_begin(void);

/* When, of `ns` and the next sample, is first; both from the start of the hold. */
uint64_t monitor_before(uint64_t ns);

/* Takes the sample that is due `ns` after the start of the hold, if one is. */
void monitor_due(uint64_t ns);

/* The scheduler is another one than at the last sample. */
void monitor_rescheduled(void);

#endif
