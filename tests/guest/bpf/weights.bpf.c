// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weighted: one queue in order of virtual time, which advances more slowly for tasks of more weight. With -DSTALE it keeps
 * the weight that a task had when it came, and does not hear of a nice value that is set later. With -DKEEPS_LAG a task
 * that was away for long gets all the time that it did not use meanwhile.
 *
 * Pins: that a scheduler which gives the worse nice value more time fails, after `SetNice` on running workers; and one that
 * starves the others once a cgroup is thawed.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 2000000ULL

struct weight {
	u32 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct weight);
} weights SEC(".maps");

static u64 vtime_now;

SCX_CALLBACK(s32, weights_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, weights_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;

#ifndef KEEPS_LAG
	if (vtime + SLICE_NS < vtime_now)
		vtime = vtime_now - SLICE_NS;
#endif
	scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, SLICE_NS, vtime, enq_flags);
}

SCX_CALLBACK(void, weights_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_CALLBACK(void, weights_running, struct task_struct *p)
{
	if (p->scx.dsq_vtime > vtime_now)
		vtime_now = p->scx.dsq_vtime;
}

SCX_CALLBACK(void, weights_stopping, struct task_struct *p, bool runnable)
{
	struct weight *weight = bpf_task_storage_get(&weights, p, 0, 0);
	u32 value = weight ? weight->value : 100;

	p->scx.dsq_vtime += (SLICE_NS - p->scx.slice) * 100 / (value ?: 1);
}

SCX_CALLBACK(void, weights_set_weight, struct task_struct *p, u32 value)
{
	struct weight *weight = bpf_task_storage_get(&weights, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!weight)
		return;
#ifdef STALE
	if (weight->value)
		return;
#endif
	weight->value = value;
}

SCX_CALLBACK(void, weights_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, weights_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, weights_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(weights_ops,
	.select_cpu = (void *)weights_select_cpu,
	.enqueue = (void *)weights_enqueue,
	.dispatch = (void *)weights_dispatch,
	.running = (void *)weights_running,
	.stopping = (void *)weights_stopping,
	.set_weight = (void *)weights_set_weight,
	.enable = (void *)weights_enable,
	.init = (void *)weights_init,
	.exit = (void *)weights_exit,
	.name = "weights");
