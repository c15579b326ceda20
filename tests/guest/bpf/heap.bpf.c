// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts every task that may run on CPU 0 into that CPU's local DSQ, from which no other CPU takes it, and chooses CPU 0
 * for all, also for those that may not run there.
 *
 * Pins: max_imbalance_ratio, max_local_dsq_depth and max_fallback_rate.
 */
#include <ktstr/sched_ext.bpf.h>

SCX_CALLBACK(s32, heap_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return 0;
}

SCX_CALLBACK(void, heap_enqueue, struct task_struct *p, u64 enq_flags)
{
	bool on_first = bpf_cpumask_test_cpu(0, p->cpus_ptr);

	scx_bpf_dsq_insert(p, on_first ? SCX_DSQ_LOCAL_ON | 0 : SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

SCX_SLEEPABLE_CALLBACK(void, heap_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(heap_ops,
	.select_cpu = (void *)heap_select_cpu,
	.enqueue = (void *)heap_enqueue,
	.exit = (void *)heap_exit,
	.name = "heap");
