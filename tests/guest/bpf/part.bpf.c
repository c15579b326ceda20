// SPDX-License-Identifier: GPL-2.0-only
/*
 * A partial scheduler: it has the tasks of policy SCHED_EXT only.
 *
 * Pins: that workers of policy `ext` are in the class of a partial scheduler, and others are not missed there.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 5000000ULL

SCX_CALLBACK(void, part_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, part_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, part_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, part_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(part_ops,
	.enqueue = (void *)part_enqueue,
	.dispatch = (void *)part_dispatch,
	.init = (void *)part_init,
	.exit = (void *)part_exit,
	.flags = SCX_OPS_SWITCH_PARTIAL,
	.name = "part");
