/* SPDX-License-Identifier: GPL-2.0-only */
/* Context switches: which task ran after which, on which CPU. */
#ifndef KTSTR_AGENT_TRACE_H
#define KTSTR_AGENT_TRACE_H

#include <ktstr/basics.h>

struct task_switch {
	uint64_t at_ns;
	unsigned int cpu;
	int prev_pid;
	int next_pid;
	char prev_comm[16];	/* TASK_COMM_LEN: the kernel ends it with a zero byte */
};

/* Starts recording. */
void trace_start(void);

/* Stops recording and reports how many switches there were, and a hash over their order. Does nothing if recording was not started. */
void trace_stop(void);

/* The first switch to `pid` at `from_ns` or later; NULL if none was recorded. */
const struct task_switch *trace_find(pid_t pid, uint64_t from_ns);

/* How long the task that `in` replaced had run; 0 if it began to run before the recording. */
uint64_t trace_ran_ns(const struct task_switch *in);

#endif
