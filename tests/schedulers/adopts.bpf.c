// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a record of every worker, and counts on finding it. Its bug, with -DFORKED_ONLY: it makes one only for tasks that
 * are forked while it is attached, not for those that it finds when it is.
 *
 * Pins: that a scheduler which starts under load is given tasks that ran before, and that a loss of them is found.
 */
#include <ktstr/sched_ext.bpf.h>

#include "worker.bpf.h"

#define SHARED_DSQ 0
#define SLICE_NS 5000000ULL

struct record {
	u64 queued;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct record);
} records SEC(".maps");

SCX_CALLBACK(void, adopts_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct record *record = bpf_task_storage_get(&records, p, 0, 0);

	if (record)
		record->queued++;
	else if (worker_digit(p) >= 0)
		scx_bpf_error("adopts: no record of %s[%d]", p->comm, p->pid);
	scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, adopts_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, adopts_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
#ifdef FORKED_ONLY
	if (!args->fork)
		return 0;
#endif
	return bpf_task_storage_get(&records, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -12; /* ENOMEM */
}

SCX_SLEEPABLE_CALLBACK(s32, adopts_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, adopts_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(adopts_ops,
	.enqueue = (void *)adopts_enqueue,
	.dispatch = (void *)adopts_dispatch,
	.init_task = (void *)adopts_init_task,
	.init = (void *)adopts_init,
	.exit = (void *)adopts_exit,
	.name = "adopts");
