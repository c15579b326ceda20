// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a task that is queued to a CPU that is idle just then. It asked for tasks with migration disabled
 * (SCX_OPS_ENQ_MIGRATION_DISABLED), which may run on no other CPU than theirs. Its bug, with -DMOVES_ANY: it looks at a
 * task's affinity only.
 *
 * Pins: that a task can be preempted with migration disabled (the work type `filtered_calls`), and that this is found.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 2000000ULL

/* Leaves all to migration_enqueue(): the kernel's own would pass it by if a CPU is idle. */
SCX_CALLBACK(s32, migration_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

SCX_CALLBACK(void, migration_enqueue, struct task_struct *p, u64 enq_flags)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	u32 cpu = bpf_cpumask_any_and_distribute(idle, &p->cpus_mask), none = scx_bpf_nr_cpu_ids();

	scx_bpf_put_idle_cpumask(idle);
#ifndef MOVES_ANY
	/* The current task's count may be this program's own; it then only waits for the CPU that takes it next. */
	if (p->migration_disabled)
		cpu = none;
#endif
	if (cpu < none)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu, SLICE_NS, enq_flags);
	else
		scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, migration_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, migration_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, migration_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(migration_ops,
	.select_cpu = (void *)migration_select_cpu,
	.enqueue = (void *)migration_enqueue,
	.dispatch = (void *)migration_dispatch,
	.init = (void *)migration_init,
	.exit = (void *)migration_exit,
	.flags = SCX_OPS_ENQ_MIGRATION_DISABLED,
	.name = "migration");
