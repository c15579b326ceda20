// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue for all CPUs, ordered by virtual time, that charges tasks for what they really ran. Each of these makes one
 * mistake of it:
 *	-DKICKS_NOBODY		a task that wakes stays with its CPU; no idle CPU is woken for it
 *	-DFORGETS_KTHREADS	threads of the kernel that are bound to a CPU come last
 *	-DINVERTS_WEIGHTS	heavier tasks are charged more
 *	-DCHARGES_YIELDS	a task that yields is charged its whole slice
 *	-DMISCOUNTS		tasks in the queue are counted without an atomic operation
 *	-DIGNORES_WEIGHTS	tasks have their turn in order of arrival, and long slices
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED 0
#define KTHREADS 1
#define PF_KTHREAD 0x00200000

#if defined(KICKS_NOBODY) || defined(IGNORES_WEIGHTS)
#define SLICE_NS 20000000ULL
#else
#define SLICE_NS 5000000ULL
#endif

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} began SEC(".maps");

static u64 vtime_now;
#ifdef MISCOUNTS
static volatile s64 queued;
#endif

SCX_CALLBACK(s32, waits_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
#ifdef KICKS_NOBODY
	return prev_cpu;
#else
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	return cpu;
#endif
}

SCX_CALLBACK(void, waits_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;

	if ((s64)(vtime - (vtime_now - SLICE_NS)) < 0)
		vtime = vtime_now - SLICE_NS;
#ifdef MISCOUNTS
	s64 before = queued;

	scx_bpf_dsq_nr_queued(SHARED);
	queued = before + 1;
#endif
#ifdef FORGETS_KTHREADS
	if ((p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1) {
		scx_bpf_dsq_insert(p, KTHREADS, SLICE_NS, enq_flags);
		return;
	}
#endif
#ifdef IGNORES_WEIGHTS
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
#else
	scx_bpf_dsq_insert_vtime(p, SHARED, SLICE_NS, vtime, enq_flags);
#endif
}

SCX_CALLBACK(void, waits_dispatch, s32 cpu, struct task_struct *prev)
{
#ifdef MISCOUNTS
	if (queued > 0 && scx_bpf_dsq_move_to_local(SHARED)) {
		s64 before = queued;

		scx_bpf_dsq_nr_queued(SHARED);
		queued = before - 1;
	}
#else
	if (!scx_bpf_dsq_move_to_local(SHARED))
		scx_bpf_dsq_move_to_local(KTHREADS);
#endif
}

SCX_CALLBACK(void, waits_running, struct task_struct *p)
{
	u64 *at = bpf_task_storage_get(&began, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (at)
		*at = p->se.sum_exec_runtime;
	if ((s64)(vtime_now - p->scx.dsq_vtime) < 0)
		vtime_now = p->scx.dsq_vtime;
}

SCX_CALLBACK(void, waits_stopping, struct task_struct *p, bool runnable)
{
	u64 used = SLICE_NS - (p->scx.slice < SLICE_NS ? p->scx.slice : SLICE_NS);

#ifndef CHARGES_YIELDS
	u64 *at = bpf_task_storage_get(&began, p, 0, 0);

	if (at)
		used = p->se.sum_exec_runtime - *at;
#endif
#ifdef INVERTS_WEIGHTS
	p->scx.dsq_vtime += used * p->scx.weight / 100;
#else
	p->scx.dsq_vtime += used * 100 / p->scx.weight;
#endif
}

SCX_CALLBACK(void, waits_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, waits_init)
{
	s32 error = scx_bpf_create_dsq(SHARED, -1);

	return error ? error : scx_bpf_create_dsq(KTHREADS, -1);
}

SCX_SLEEPABLE_CALLBACK(void, waits_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(waits_ops,
	.select_cpu = (void *)waits_select_cpu,
	.enqueue = (void *)waits_enqueue,
	.dispatch = (void *)waits_dispatch,
	.running = (void *)waits_running,
	.stopping = (void *)waits_stopping,
	.enable = (void *)waits_enable,
	.init = (void *)waits_init,
	.exit = (void *)waits_exit,
	.name = "waits");
