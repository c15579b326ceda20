// SPDX-License-Identifier: GPL-2.0-only
/*
 * One queue in order of virtual time, which passes the slower for a task the more its cgroup is due: its weight's part
 * of what the cgroup above is due. Every cgroup without others below it has to have one busy task. Its bug, with -DFLAT:
 * it looks at the weight of the task's own cgroup only.
 *
 * Pins: that cgroups within cgroups reach a scheduler, and that a weight further up which it ignores is found.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLICE_NS 2000000ULL
#define MOST_LEVELS 8
#define WHOLE (1ULL << 16) /* what a cgroup of weight 100 directly below the root is due */

struct group {
	u64 parent; /* its id; 0 for the root */
	u64 weight;
	u64 below; /* the weights of the cgroups directly below it, together */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct group);
} groups SEC(".maps");

static u64 vtime_now;

static struct group *group_of(u64 id)
{
	return bpf_map_lookup_elem(&groups, &id);
}

/* What the task's cgroup is due; never 0. */
static u64 due(struct task_struct *p)
{
	struct cgroup *cgroup = scx_bpf_task_cgroup(p);
	struct group *group = group_of(cgroup->kn->id);
	u64 share = WHOLE;

	bpf_cgroup_release(cgroup);
#ifdef FLAT
	return group && group->weight ? share * group->weight / 100 : share;
#else
	for (int level = 0; level < MOST_LEVELS && group && group->parent; level++) {
		struct group *parent = group_of(group->parent);
		u64 of = parent && parent->parent && parent->below ? parent->below : 100;

		share = share * group->weight / of;
		group = parent;
	}
	return share ?: 1;
#endif
}

SCX_CALLBACK(s32, tree_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

SCX_CALLBACK(void, tree_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;

	if (vtime + SLICE_NS < vtime_now)
		vtime = vtime_now - SLICE_NS;
	scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, SLICE_NS, vtime, enq_flags);
}

SCX_CALLBACK(void, tree_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_CALLBACK(void, tree_running, struct task_struct *p)
{
	if (p->scx.dsq_vtime > vtime_now)
		vtime_now = p->scx.dsq_vtime;
}

SCX_CALLBACK(void, tree_stopping, struct task_struct *p, bool runnable)
{
	p->scx.dsq_vtime += (SLICE_NS - p->scx.slice) * WHOLE / due(p);
}

SCX_CALLBACK(void, tree_enable, struct task_struct *p)
{
	p->scx.dsq_vtime = vtime_now;
}

SCX_SLEEPABLE_CALLBACK(s32, tree_cgroup_init, struct cgroup *cgroup, struct scx_cgroup_init_args *args)
{
	struct cgroup_subsys_state *above = cgroup->self.parent;
	struct group group = { .parent = above ? above->cgroup->kn->id : 0, .weight = args->weight };
	struct group *parent = group_of(group.parent);
	u64 id = cgroup->kn->id;

	if (parent)
		__sync_fetch_and_add(&parent->below, group.weight);
	return bpf_map_update_elem(&groups, &id, &group, BPF_ANY) ? -12 : 0; /* ENOMEM */
}

SCX_CALLBACK(void, tree_cgroup_set_weight, struct cgroup *cgroup, u32 weight)
{
	struct group *group = group_of(cgroup->kn->id), *parent;

	if (!group)
		return;
	parent = group_of(group->parent);
	if (parent)
		__sync_fetch_and_add(&parent->below, (u64)weight - group->weight);
	group->weight = weight;
}

SCX_SLEEPABLE_CALLBACK(s32, tree_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, tree_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(tree_ops,
	.select_cpu = (void *)tree_select_cpu,
	.enqueue = (void *)tree_enqueue,
	.dispatch = (void *)tree_dispatch,
	.running = (void *)tree_running,
	.stopping = (void *)tree_stopping,
	.enable = (void *)tree_enable,
	.cgroup_init = (void *)tree_cgroup_init,
	.cgroup_set_weight = (void *)tree_cgroup_set_weight,
	.init = (void *)tree_init,
	.exit = (void *)tree_exit,
	.name = "tree");
