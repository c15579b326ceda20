/* SPDX-License-Identifier: GPL-2.0-only */
/* The chosen variables of the scheduler, and elements of its arrays. */
#ifndef KTSTR_AGENT_MONITOR_VARIABLES_H
#define KTSTR_AGENT_MONITOR_VARIABLES_H

/*
 * Has a variable read in each sample: "MAP:PATH", or "PATH" of one of the sections .bss, .data and .rodata. Of a per-CPU
 * array it is the sum over all CPUs.
 */
void monitor_variables_add(const char *name);

/* Finds them in the scheduler that is attached. An event has those that it does not have. */
void monitor_variables_find(void);

void monitor_variables_read(void);

#endif
