// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that wait in the scheduler's own memory, in order. Unlike one that is inserted into a DSQ by ops.enqueue, which the
 * kernel does when the callback has returned, a task can be taken from here at once.
 */
#ifndef PIDS_BPF_H
#define PIDS_BPF_H

#include "race.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, s32);
} pids SEC(".maps");

/* False if there is no room, which is no race: dozens of tasks wait at most. */
static __always_inline bool put_last(const struct task_struct *p)
{
	s32 pid = p->pid;

	return !bpf_map_push_elem(&pids, &pid, 0);
}

/* The task that waits longest, to be released; NULL: none waits. */
static __always_inline struct task_struct *take_first(void)
{
	s32 pid;

	return bpf_map_pop_elem(&pids, &pid) ? NULL : bpf_task_from_pid(pid);
}

#endif
