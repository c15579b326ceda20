/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs, or of NUMA nodes, as the plan writes them. */
#ifndef KTSTR_AGENT_WORKER_CPUS_H
#define KTSTR_AGENT_WORKER_CPUS_H

#include <ktstr/basics.h>

#define KTSTR_CPU_WORDS (KTSTR_MAX_CPUS / 64)

/*
 * Set number `index` of a list of sets, "0-2,5/3": several sets are separated by '/', and begin anew after the last.
 * False if the text is no such list, or names a CPU that no guest has.
 */
bool worker_cpus_parse(const char *text, unsigned int index, uint64_t set[KTSTR_CPU_WORDS]);

/* Has a task (0: the calling one) run on set number `index` of the list only; false, with errno, if it cannot. */
bool worker_cpus_confine(pid_t task, const char *text, unsigned int index);

#endif
