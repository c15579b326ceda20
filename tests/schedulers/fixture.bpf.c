// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler that tests of ktstr run: small, fair and complete. One queue for all CPUs, ordered by virtual
 * time; a task that wakes goes to an idle CPU if there is one.
 *
 * Pins: that tasks share CPUs fairly, stay in their cpuset and are found on idle CPUs; that a rodata knob set from
 * the declaration (slice_us) reaches the kernel; that writing `crash` from outside ends the scheduler with a message.
 */
#include <ktstr/sched_ext.bpf.h>

#ifdef KTSTR_HAS_scx_bpf_create_dsq
#define SHARED_DSQ 0
#else
/* Of Debian's 7.1.13 no program can create a queue. The kernel's own serves in order of arrival, and by itself. */
#define SHARED_DSQ SCX_DSQ_GLOBAL
#endif
#define MAX_CPUS 1024

/* How long a task runs before others get their turn, in microseconds. */
const volatile u32 slice_us = 5000;

/* Set from outside: the next task to be queued makes the scheduler fail. */
volatile int crash;

/* How many tasks went to an idle CPU, and to the queue. */
u64 nr_idle, nr_queued;

/* The virtual time of the task that started last. */
static u64 vtime_now;

/* Of each CPU, how long its task had run in its life when it got the CPU. */
static u64 ran_before[MAX_CPUS];

static u64 slice_ns(void)
{
	return slice_us * 1000ULL;
}

static bool vtime_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

SCX_CALLBACK(s32, fixture_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle) {
		__sync_fetch_and_add(&nr_idle, 1);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns(), 0);
	}
	return cpu;
}

SCX_CALLBACK(void, fixture_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;

	if (crash)
		scx_bpf_error("fixture: host-triggered crash");
	/* Sleeping earns a task no more than one slice. */
	if (vtime_before(vtime, vtime_now - slice_ns()))
		vtime = vtime_now - slice_ns();
	__sync_fetch_and_add(&nr_queued, 1);
#ifdef KTSTR_HAS_scx_bpf_create_dsq
	scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns(), vtime, enq_flags);
#else
	scx_bpf_dsq_insert(p, SHARED_DSQ, slice_ns(), enq_flags);
#endif
}

SCX_CALLBACK(void, fixture_dispatch, s32 cpu, struct task_struct *prev)
{
#ifdef KTSTR_HAS_scx_bpf_create_dsq
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
#endif
}

SCX_CALLBACK(void, fixture_running, struct task_struct *p)
{
	if (vtime_before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
	ran_before[bpf_get_smp_processor_id() % MAX_CPUS] = p->se.sum_exec_runtime;
}

SCX_CALLBACK(void, fixture_stopping, struct task_struct *p, bool runnable)
{
	u64 ran = p->se.sum_exec_runtime - ran_before[bpf_get_smp_processor_id() % MAX_CPUS];

	/*
	 * What it used, heavier tasks being charged less; 100 is the weight of nice 0. What is left of its slice does not
	 * tell: the kernel takes it from a task that yields.
	 */
	p->scx.dsq_vtime += ran * 100 / p->scx.weight;
}

SCX_CALLBACK(void, fixture_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, fixture_init)
{
#ifdef KTSTR_HAS_scx_bpf_create_dsq
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
#else
	return 0;
#endif
}

SCX_SLEEPABLE_CALLBACK(void, fixture_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(fixture_ops,
	.select_cpu = (void *)fixture_select_cpu,
	.enqueue = (void *)fixture_enqueue,
	.dispatch = (void *)fixture_dispatch,
	.running = (void *)fixture_running,
	.stopping = (void *)fixture_stopping,
	.enable = (void *)fixture_enable,
	.init = (void *)fixture_init,
	.exit = (void *)fixture_exit,
	.name = "fixture");
