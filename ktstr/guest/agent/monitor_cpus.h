/* SPDX-License-Identifier: GPL-2.0-only */
/* What a sample has of each CPU: its run queue, its local DSQ, and whether it is idle. */
#ifndef KTSTR_AGENT_MONITOR_CPUS_H
#define KTSTR_AGENT_MONITOR_CPUS_H

struct btf;

/* Finds where the kernel, whose types `btf` has, keeps them; fails if it does not say. */
void monitor_cpus_open(const struct btf *btf);

unsigned int monitor_cpus_count(void);
void monitor_cpus_read(void);
void monitor_cpus_emit(void);

#endif
