// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each CPU has its queue, which a task leaves only when it is woken: a sync wakeup keeps it with its waker, another one
 * takes it to a CPU that is idle. Its bug, with -DPILES_UP: it keeps it there however many wait for that CPU already.
 *
 * Pins: that sync wakeups reach a scheduler (the work type `pipe_io`), and that CPUs which stay idle are found.
 */
#include <ktstr/sched_ext.bpf.h>

#define SLICE_NS 5000000ULL

static bool stays_with_waker(const struct task_struct *p, s32 waker_cpu, u64 wake_flags)
{
	if (!(wake_flags & SCX_WAKE_SYNC) || !bpf_cpumask_test_cpu(waker_cpu, p->cpus_ptr))
		return false;
#ifdef PILES_UP
	return true;
#else
	return !scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | waker_cpu);
#endif
}

SCX_CALLBACK(s32, sync_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	s32 waker_cpu = bpf_get_smp_processor_id(), cpu = waker_cpu;
	bool goes = stays_with_waker(p, waker_cpu, wake_flags);

	if (!goes)
		cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &goes);
	if (goes)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	return cpu;
}

SCX_CALLBACK(void, sync_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
}

SCX_SLEEPABLE_CALLBACK(void, sync_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(sync_ops,
	.select_cpu = (void *)sync_select_cpu,
	.enqueue = (void *)sync_enqueue,
	.exit = (void *)sync_exit,
	.name = "sync");
