// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives each task a CPU of its own choice, once, and sends it there. With -DFORGETS_NOTHING it does not look again when the
 * task may no longer use that CPU.
 *
 * Pins: that `SetAffinity` on a running worker finds a scheduler that keeps a CPU too long.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 2000000ULL

struct home {
	s32 cpu;
	bool known;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct home);
} homes SEC(".maps");

SCX_CALLBACK(void, homes_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct home *home = bpf_task_storage_get(&homes, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!home || p->nr_cpus_allowed == 1) {
		scx_bpf_dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
		return;
	}
	if (!home->known) {
		home->cpu = scx_bpf_task_cpu(p);
		home->known = true;
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | home->cpu, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, homes_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_CALLBACK(void, homes_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
#ifndef FORGETS_NOTHING
	struct home *home = bpf_task_storage_get(&homes, p, 0, 0);

	if (home && !bpf_cpumask_test_cpu(home->cpu, cpumask))
		home->known = false;
#endif
}

SCX_SLEEPABLE_CALLBACK(s32, homes_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, homes_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(homes_ops,
	.enqueue = (void *)homes_enqueue,
	.dispatch = (void *)homes_dispatch,
	.set_cpumask = (void *)homes_set_cpumask,
	.init = (void *)homes_init,
	.exit = (void *)homes_exit,
	.name = "homes");
