// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every worker needs one of 8 slots, which it gets when it is first queued, and `disable` takes back. With -DLEAKS the slot is not taken
 * back when a worker leaves the ext class, and there is none left after a while: the worker then waits for ever.
 *
 * Pins: that `SetPolicy` drives `disable` and `enable`, and finds a scheduler that only counts tasks which come.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define LOST_DSQ 1
#define SLICE_NS 2000000ULL
#define SLOTS 8

struct own_slot {
	bool has;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct own_slot);
} slots SEC(".maps");

static s64 taken;

static bool is_worker(const struct task_struct *p)
{
	return p->comm[0] == 's' && p->comm[1] == 'l' && p->comm[2] == 'o' && p->comm[3] == 't';
}

/* The kernel's own would pass by slots_enqueue() if a CPU is idle. */
SCX_CALLBACK(s32, slots_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

SCX_CALLBACK(void, slots_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct own_slot *slot = bpf_task_storage_get(&slots, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (slot && !slot->has && is_worker(p) && taken < SLOTS) {
		__sync_fetch_and_add(&taken, 1);
		slot->has = true;
	}
	scx_bpf_dsq_insert(p, slot && !slot->has && is_worker(p) ? LOST_DSQ : SHARED_DSQ, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, slots_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_CALLBACK(void, slots_disable, struct task_struct *p)
{
	struct own_slot *slot = bpf_task_storage_get(&slots, p, 0, 0);

	if (!slot || !slot->has)
		return;
	slot->has = false;
#ifndef LEAKS
	__sync_fetch_and_sub(&taken, 1);
#endif
}

SCX_SLEEPABLE_CALLBACK(s32, slots_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1) ?: scx_bpf_create_dsq(LOST_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, slots_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(slots_ops,
	.select_cpu = (void *)slots_select_cpu,
	.enqueue = (void *)slots_enqueue,
	.dispatch = (void *)slots_dispatch,
	.disable = (void *)slots_disable,
	.init = (void *)slots_init,
	.exit = (void *)slots_exit,
	.name = "slots");
