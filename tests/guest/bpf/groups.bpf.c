// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that knows of cgroups: one queue ordered by virtual time, which passes the slower the more weight a task's
 * cgroup has; a cgroup that has used up its cpu.max waits in a queue of its own for the next period.
 *
 * Pins, with one of its bugs each: -DNO_WEIGHT ignores cpu.weight, -DNO_BANDWIDTH ignores cpu.max, -DFEW has room for
 * few cgroups and refuses more (-ENOMEM from cgroup_init), -DNO_MOVE keeps what it knew of a task's cgroup when the
 * task was moved, and fails when the task ends.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED 0
#define THROTTLED 1
#define SLICE 2000000ULL
#define ENOMEM 12

struct group {
	u64 weight;
	u64 quota_ns, period_ns; /* no limit if the quota is 0 */
	u64 begun, used_ns; /* of this period */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
#ifdef FEW
	__uint(max_entries, 6);
#else
	__uint(max_entries, 4096);
#endif
	__type(key, u64);
	__type(value, struct group);
} groups SEC(".maps");

struct task {
	u64 cgroup, started;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task);
} tasks SEC(".maps");

u64 waits_until; /* when the next period begins of a cgroup that has used up its quota */
static u64 vtime_now;
u64 nr_init, nr_exit, nr_moved, nr_weights, nr_limits, nr_throttled;

static struct task *task_of(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, 0, 0);
}

static struct group *group_of(struct task_struct *p)
{
	struct task *task = task_of(p);

	return task ? bpf_map_lookup_elem(&groups, &task->cgroup) : 0;
}

#ifndef NO_BANDWIDTH
/* Whether the cgroup may not run in this period any more. */
static bool is_spent(struct group *group)
{
	u64 now = bpf_ktime_get_ns();

	if (!group || !group->quota_ns)
		return false;
	if (now - group->begun >= group->period_ns) {
		group->begun = now;
		group->used_ns = 0;
	}
	return group->used_ns >= group->quota_ns;
}
#endif

SCX_CALLBACK(s32, groups_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, groups_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;
#ifndef NO_BANDWIDTH
	struct group *group = group_of(p);

	if (is_spent(group)) {
		waits_until = group->begun + group->period_ns;
		__sync_fetch_and_add(&nr_throttled, 1);
		scx_bpf_dsq_insert(p, THROTTLED, SLICE, enq_flags);
		return;
	}
#endif
	if ((s64)(vtime - (vtime_now - SLICE)) < 0)
		vtime = vtime_now - SLICE;
	scx_bpf_dsq_insert_vtime(p, SHARED, SLICE, vtime, enq_flags);
}

SCX_CALLBACK(void, groups_dispatch, s32 cpu, struct task_struct *prev)
{
#ifndef NO_BANDWIDTH
	/* Some other cgroup's task has to be busy: an idle CPU does not come here by itself when the period is over. */
	if (bpf_ktime_get_ns() >= waits_until && scx_bpf_dsq_move_to_local(THROTTLED))
		return;
#endif
	scx_bpf_dsq_move_to_local(SHARED);
}

SCX_CALLBACK(void, groups_running, struct task_struct *p)
{
	struct task *task = task_of(p);

	if (task)
		task->started = bpf_ktime_get_ns();
	if ((s64)(vtime_now - p->scx.dsq_vtime) < 0)
		vtime_now = p->scx.dsq_vtime;
}

SCX_CALLBACK(void, groups_stopping, struct task_struct *p, bool runnable)
{
	struct task *task = task_of(p);
	struct group *group = group_of(p);
	u64 used, weight = 100;

	if (!task)
		return;
	used = bpf_ktime_get_ns() - task->started;
	if (group) {
		__sync_fetch_and_add(&group->used_ns, used);
#ifndef NO_WEIGHT
		weight = group->weight;
#endif
	}
	p->scx.dsq_vtime += used * 100 / (weight ?: 1);
}

SCX_CALLBACK(void, groups_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, groups_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task *task = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!task)
		return -ENOMEM;
	task->cgroup = args->cgroup->kn->id;
	return 0;
}

#ifdef NO_MOVE
SCX_CALLBACK(void, groups_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct task *task = task_of(p);
	struct cgroup *cgroup = scx_bpf_task_cgroup(p);

	if (task && cgroup && task->cgroup != cgroup->kn->id)
		scx_bpf_error("groups: %s[%d] ended in another cgroup than the one it was started in", p->comm, p->pid);
	if (cgroup)
		bpf_cgroup_release(cgroup);
}
#endif

SCX_SLEEPABLE_CALLBACK(s32, groups_cgroup_init, struct cgroup *cgroup, struct scx_cgroup_init_args *args)
{
	struct group group = { .weight = args->weight };
	u64 id = cgroup->kn->id;

	__sync_fetch_and_add(&nr_init, 1);
	return bpf_map_update_elem(&groups, &id, &group, BPF_ANY) ? -ENOMEM : 0;
}

SCX_SLEEPABLE_CALLBACK(void, groups_cgroup_exit, struct cgroup *cgroup)
{
	u64 id = cgroup->kn->id;

	__sync_fetch_and_add(&nr_exit, 1);
	bpf_map_delete_elem(&groups, &id);
}

SCX_CALLBACK(void, groups_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
#ifndef NO_MOVE
	struct task *task = task_of(p);

	if (task)
		task->cgroup = to->kn->id;
#endif
	__sync_fetch_and_add(&nr_moved, 1);
}

SCX_CALLBACK(void, groups_cgroup_set_weight, struct cgroup *cgroup, u32 weight)
{
	u64 id = cgroup->kn->id;
	struct group *group = bpf_map_lookup_elem(&groups, &id);

	__sync_fetch_and_add(&nr_weights, 1);
	if (group)
		group->weight = weight;
}

SCX_CALLBACK(void, groups_cgroup_set_bandwidth, struct cgroup *cgroup, u64 period_us, u64 quota_us, u64 burst_us)
{
	u64 id = cgroup->kn->id;
	struct group *group = bpf_map_lookup_elem(&groups, &id);

	__sync_fetch_and_add(&nr_limits, 1);
	if (!group)
		return;
	group->period_ns = period_us * 1000;
	group->quota_ns = quota_us == ~0ULL ? 0 : quota_us * 1000;
}

SCX_SLEEPABLE_CALLBACK(s32, groups_init)
{
	return scx_bpf_create_dsq(SHARED, -1) ?: scx_bpf_create_dsq(THROTTLED, -1);
}

SCX_SLEEPABLE_CALLBACK(void, groups_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(groups_ops,
	.select_cpu = (void *)groups_select_cpu,
	.enqueue = (void *)groups_enqueue,
	.dispatch = (void *)groups_dispatch,
	.running = (void *)groups_running,
	.stopping = (void *)groups_stopping,
	.enable = (void *)groups_enable,
	.init_task = (void *)groups_init_task,
#ifdef NO_MOVE
	.exit_task = (void *)groups_exit_task,
#endif
	.cgroup_init = (void *)groups_cgroup_init,
	.cgroup_exit = (void *)groups_cgroup_exit,
	.cgroup_move = (void *)groups_cgroup_move,
	.cgroup_set_weight = (void *)groups_cgroup_set_weight,
	.cgroup_set_bandwidth = (void *)groups_cgroup_set_bandwidth,
	.init = (void *)groups_init,
	.exit = (void *)groups_exit,
	.name = "groups");
