/* SPDX-License-Identifier: GPL-2.0-only */
/* A page of the kernel's ring buffer, parsed into context switches. */
#ifndef KTSTR_AGENT_TRACE_PAGE_H
#define KTSTR_AGENT_TRACE_PAGE_H

#include "trace.h"

/* Where sched_switch has its fields, as its `format` file says. */
struct switch_format {
	unsigned int type, prev_comm, prev_pid, next_pid; /* the event's number; offsets of its fields */
};

struct switches {
	struct task_switch *all;
	size_t count, room;
	uint64_t lost;		/* pages before which some events were overwritten */
};

/* Adds the switches in a page of `size` bytes of a CPU's buffer. Fails on a damaged page, having read nothing outside it. */
void trace_page_parse(const struct switch_format *format, const char *page, size_t size, unsigned int cpu,
		      struct switches *switches);

#endif
