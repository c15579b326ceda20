/* SPDX-License-Identifier: GPL-2.0-only */
/* How many tasks wait in each DSQ that the scheduler has made. */
#ifndef KTSTR_AGENT_MONITOR_DSQS_H
#define KTSTR_AGENT_MONITOR_DSQS_H

struct btf;

/* Finds where the kernel, whose types `btf` has, keeps them; without sched_ext there are none. */
void monitor_dsqs_open(const struct btf *btf);

/* Looks for all DSQs anew. */
void monitor_dsqs_find(void);

void monitor_dsqs_read(void);
void monitor_dsqs_emit(void);

#endif
