// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a record of every cgroup that has tasks: how many, and whether the record is in use.
 *
 * Its race: exit against cgroup move. The last task exits, and before its record is given up another task moves into the
 * cgroup. A window of some 5 instructions in code that runs rarely. Mended: the record is given up only if there still is no
 * task.
 */
#include "race.bpf.h"

#define IN_USE (1ULL << 32) /* the number of tasks is below */
#define TASKS(record) ((u32)(record))
#define ENOMEM 12

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u64);
} records SEC(".maps");

struct own_cgroup {
	u64 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct own_cgroup);
} cgroups SEC(".maps");

static __always_inline void joins(struct own_cgroup *own, u64 id)
{
	u64 none = 0, *record;

	own->id = id;
	bpf_map_update_elem(&records, &id, &none, BPF_NOEXIST);
	record = bpf_map_lookup_elem(&records, &id);
	if (!record)
		return;
	__sync_fetch_and_add(record, 1); /* RACE-C */
	__sync_fetch_and_or(record, IN_USE);
}

static __always_inline void leaves(struct own_cgroup *own)
{
	u64 *record = bpf_map_lookup_elem(&records, &own->id);

	if (!record || TASKS(__sync_fetch_and_sub(record, 1)) > 1) /* RACE-A */
		return;
	window();
#ifdef FIXED
	__sync_val_compare_and_swap(record, IN_USE, 0);
#else
	__sync_fetch_and_and(record, ~IN_USE); /* RACE-B */
#endif
}

SCX_CALLBACK(s32, group_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct own_cgroup *own = bpf_task_storage_get(&cgroups, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!own)
		return -ENOMEM;
	joins(own, args->cgroup->kn->id);
	return 0;
}

SCX_CALLBACK(void, group_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	struct own_cgroup *own = bpf_task_storage_get(&cgroups, p, 0, 0);

	if (!own)
		return;
	leaves(own);
	joins(own, to->kn->id);
}

SCX_CALLBACK(void, group_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct own_cgroup *own = bpf_task_storage_get(&cgroups, p, 0, 0);

	if (own)
		leaves(own);
}

SCX_CALLBACK(void, group_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct own_cgroup *own = bpf_task_storage_get(&cgroups, p, 0, 0);
	u64 *record = own ? bpf_map_lookup_elem(&records, &own->id) : NULL;

	if (record && !(*(volatile u64 *)record & IN_USE))
		scx_bpf_error("the record of the cgroup of %s[%d] is not in use", p->comm, p->pid);
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, group_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED);
}

RACE_SELECTS_NOTHING(group)
RACE_BEGINS_AND_ENDS(group)

SCX_SCHEDULER(group_ops,
	.select_cpu = (void *)group_select_cpu,
	.enqueue = (void *)group_enqueue,
	.dispatch = (void *)group_dispatch,
	.init_task = (void *)group_init_task,
	.exit_task = (void *)group_exit_task,
	.cgroup_move = (void *)group_cgroup_move,
	.init = (void *)group_init,
	.exit = (void *)group_exit,
	.name = "group");
