// SPDX-License-Identifier: GPL-2.0-only
/*
 * A census: a scheduler with every callback of sched_ext_ops, which counts the calls of each and the flags that it is
 * given. It schedules in order of arrival. Tasks wait in a map of its own until a CPU asks for one: kernels before 7.1
 * call dequeue() only for a task that the scheduler has kept for itself. Its counters are globals: `callback_NAME` for the member NAME
 * of sched_ext_ops, `flag_NAME` for the enumerator SCX_NAME. Members that only some kernels have are left out: they
 * are the callbacks of sub-schedulers and of schedulers by cid.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED 0
#define SLICE_NS 5000000ULL
#define EPERM 1
#define SCX_DEQ_SCHED_CHANGE (1ULL << 33) /* an enumerator since 7.1 */
#define BATCH 8 /* tasks that a CPU takes out of the map at once; the kernel's limit is 32 */

#define COUNT(counter) __sync_fetch_and_add(&(counter), 1)
#define SEEN(kind, flags) __sync_fetch_and_or(&seen_##kind, flags)
#define CALLED(name) COUNT(callback_##name)
#define FLAG(flags, name)                   \
	do {                                \
		if ((flags) & SCX_##name)   \
			COUNT(flag_##name); \
	} while (0)

u64 callback_select_cpu, callback_enqueue, callback_dequeue, callback_dispatch, callback_tick;
u64 callback_runnable, callback_running, callback_stopping, callback_quiescent, callback_yield;
u64 callback_core_sched_before, callback_set_weight, callback_set_cpumask, callback_update_idle;
u64 callback_cpu_acquire, callback_cpu_release, callback_init_task, callback_exit_task;
u64 callback_enable, callback_disable, callback_dump, callback_dump_cpu, callback_dump_task;
u64 callback_cgroup_init, callback_cgroup_exit, callback_cgroup_prep_move, callback_cgroup_move;
u64 callback_cgroup_cancel_move, callback_cgroup_set_weight, callback_cgroup_set_bandwidth;
u64 callback_cgroup_set_idle, callback_cpu_online, callback_cpu_offline, callback_init, callback_exit;

u64 flag_WAKE_FORK, flag_WAKE_TTWU, flag_WAKE_SYNC;
u64 flag_ENQ_WAKEUP, flag_ENQ_HEAD, flag_ENQ_CPU_SELECTED, flag_ENQ_PREEMPT, flag_ENQ_REENQ, flag_ENQ_LAST;
/* All bits of flags that callbacks were given: those without a counter should not be among them. */
u64 seen_WAKE, seen_ENQ, seen_DEQ;
u64 flag_DEQ_SLEEP, flag_DEQ_CORE_SCHED_EXEC, flag_DEQ_SCHED_CHANGE;

/* Whether threads that leave a cgroup with the first of their process are refused: the kernel then cancels its move. */
const volatile bool refuse_threads;

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, s32);
} waiting SEC(".maps");

static void count_enqueue(u64 flags)
{
	SEEN(ENQ, flags);
	FLAG(flags, ENQ_WAKEUP);
	FLAG(flags, ENQ_HEAD);
	FLAG(flags, ENQ_CPU_SELECTED);
	FLAG(flags, ENQ_PREEMPT);
	FLAG(flags, ENQ_REENQ);
	FLAG(flags, ENQ_LAST);
}

static void count_dequeue(u64 flags)
{
	SEEN(DEQ, flags);
	FLAG(flags, DEQ_SLEEP);
	FLAG(flags, DEQ_CORE_SCHED_EXEC);
	FLAG(flags, DEQ_SCHED_CHANGE);
}

SCX_CALLBACK(s32, census_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu;

	CALLED(select_cpu);
	SEEN(WAKE, wake_flags);
	FLAG(wake_flags, WAKE_FORK);
	FLAG(wake_flags, WAKE_TTWU);
	FLAG(wake_flags, WAKE_SYNC);
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
	/* No direct dispatch: enqueue() is to see every wakeup. The CPU that was claimed is woken there. */
	if (is_idle)
		scx_bpf_kick_cpu(cpu, 0);
	return cpu;
}

SCX_CALLBACK(void, census_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu, pid = p->pid;

	CALLED(enqueue);
	count_enqueue(enq_flags);
	if (enq_flags & SCX_ENQ_LAST) {
		/* It is the only one there: it may go on. */
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	if (bpf_map_push_elem(&waiting, &pid, 0))
		scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, 0);
}

SCX_CALLBACK(void, census_dequeue, struct task_struct *p, u64 deq_flags)
{
	CALLED(dequeue);
	count_dequeue(deq_flags);
}

SCX_CALLBACK(void, census_dispatch, s32 cpu, struct task_struct *prev)
{
	CALLED(dispatch);
	for (int i = 0; i < BATCH; i++) {
		struct task_struct *p;
		s32 pid;

		if (bpf_map_pop_elem(&waiting, &pid))
			break;
		p = bpf_task_from_pid(pid);
		if (!p)
			continue;
		/* The kernel ignores it if the task has been dequeued meanwhile. */
		scx_bpf_dsq_insert(p, SHARED, SLICE_NS, 0);
		bpf_task_release(p);
	}
	scx_bpf_dsq_move_to_local(SHARED);
}

SCX_CALLBACK(void, census_tick, struct task_struct *p)
{
	CALLED(tick);
}

SCX_CALLBACK(void, census_runnable, struct task_struct *p, u64 enq_flags)
{
	CALLED(runnable);
	count_enqueue(enq_flags);
}

SCX_CALLBACK(void, census_running, struct task_struct *p)
{
	CALLED(running);
}

SCX_CALLBACK(void, census_stopping, struct task_struct *p, bool runnable)
{
	CALLED(stopping);
}

SCX_CALLBACK(void, census_quiescent, struct task_struct *p, u64 deq_flags)
{
	CALLED(quiescent);
	count_dequeue(deq_flags);
}

SCX_CALLBACK(bool, census_yield, struct task_struct *from, struct task_struct *to)
{
	CALLED(yield);
	if (!to)
		from->scx.slice = 0;
	return false;
}

SCX_CALLBACK(bool, census_core_sched_before, struct task_struct *a, struct task_struct *b)
{
	CALLED(core_sched_before);
	return false;
}

SCX_CALLBACK(void, census_set_weight, struct task_struct *p, u32 weight)
{
	CALLED(set_weight);
}

SCX_CALLBACK(void, census_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	CALLED(set_cpumask);
}

SCX_CALLBACK(void, census_update_idle, s32 cpu, bool idle)
{
	CALLED(update_idle);
}

SCX_CALLBACK(void, census_cpu_acquire, s32 cpu, struct scx_cpu_acquire_args *args)
{
	CALLED(cpu_acquire);
}

SCX_CALLBACK(void, census_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	CALLED(cpu_release);
	/* A task of a higher class took the CPU: what waits for it in the local queue goes to the shared one. */
	scx_bpf_reenqueue_local();
}

SCX_SLEEPABLE_CALLBACK(s32, census_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	CALLED(init_task);
	return 0;
}

SCX_CALLBACK(void, census_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	CALLED(exit_task);
}

SCX_CALLBACK(void, census_enable, struct task_struct *p)
{
	CALLED(enable);
}

SCX_CALLBACK(void, census_disable, struct task_struct *p)
{
	CALLED(disable);
}

SCX_CALLBACK(void, census_dump, struct scx_dump_ctx *context)
{
	CALLED(dump);
}

SCX_CALLBACK(void, census_dump_cpu, struct scx_dump_ctx *context, s32 cpu, bool idle)
{
	CALLED(dump_cpu);
}

SCX_CALLBACK(void, census_dump_task, struct scx_dump_ctx *context, struct task_struct *p)
{
	CALLED(dump_task);
}

SCX_SLEEPABLE_CALLBACK(s32, census_cgroup_init, struct cgroup *cgroup, struct scx_cgroup_init_args *args)
{
	CALLED(cgroup_init);
	return 0;
}

SCX_SLEEPABLE_CALLBACK(void, census_cgroup_exit, struct cgroup *cgroup)
{
	CALLED(cgroup_exit);
}

SCX_SLEEPABLE_CALLBACK(s32, census_cgroup_prep_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	CALLED(cgroup_prep_move);
	return refuse_threads && from->level && p->pid != p->tgid ? -EPERM : 0;
}

SCX_CALLBACK(void, census_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	CALLED(cgroup_move);
}

SCX_CALLBACK(void, census_cgroup_cancel_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	CALLED(cgroup_cancel_move);
}

SCX_CALLBACK(void, census_cgroup_set_weight, struct cgroup *cgroup, u32 weight)
{
	CALLED(cgroup_set_weight);
}

SCX_CALLBACK(void, census_cgroup_set_bandwidth, struct cgroup *cgroup, u64 period_us, u64 quota_us, u64 burst_us)
{
	CALLED(cgroup_set_bandwidth);
}

SCX_CALLBACK(void, census_cgroup_set_idle, struct cgroup *cgroup, bool idle)
{
	CALLED(cgroup_set_idle);
}

SCX_SLEEPABLE_CALLBACK(void, census_cpu_online, s32 cpu)
{
	CALLED(cpu_online);
}

SCX_SLEEPABLE_CALLBACK(void, census_cpu_offline, s32 cpu)
{
	CALLED(cpu_offline);
}

SCX_SLEEPABLE_CALLBACK(s32, census_init)
{
	CALLED(init);
	return scx_bpf_create_dsq(SHARED, -1);
}

SCX_SLEEPABLE_CALLBACK(void, census_exit, struct scx_exit_info *info)
{
	CALLED(exit);
	ktstr_record_exit(info);
}

#define OP(name) .name = (void *)census_##name

SCX_SCHEDULER(census_ops,
	OP(select_cpu), OP(enqueue), OP(dequeue), OP(dispatch), OP(tick), OP(runnable), OP(running), OP(stopping),
	OP(quiescent), OP(yield), OP(core_sched_before), OP(set_weight), OP(set_cpumask), OP(update_idle),
	OP(cpu_acquire), OP(cpu_release), OP(init_task), OP(exit_task), OP(enable), OP(disable), OP(dump),
	OP(dump_cpu), OP(dump_task), OP(cgroup_init), OP(cgroup_exit), OP(cgroup_prep_move), OP(cgroup_move),
	OP(cgroup_cancel_move), OP(cgroup_set_weight), OP(cgroup_set_bandwidth), OP(cgroup_set_idle), OP(cpu_online),
	OP(cpu_offline), OP(init), OP(exit),
	/*
	 * enqueue() is to see every task. A task that is reenqueued from cpu_release() is still the current one, for which
	 * the call of a BPF program has disabled migration. With KEEP_BUILTIN_IDLE update_idle() does not end the tracking.
	 */
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_ENQ_EXITING | SCX_OPS_ENQ_MIGRATION_DISABLED | SCX_OPS_KEEP_BUILTIN_IDLE,
	.name = "census");
