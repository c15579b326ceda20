// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every task that is forked gets one of a table's slots, and gives it back when it ends.
 *
 * Its race: init_task against fork. Two CPUs find the same slot free, and each clears and takes it. A window of some 300
 * instructions in code that runs for each fork. Mended: the slot is taken before it is cleared.
 */
#include "race.bpf.h"

#define SLOTS 64
#define HISTORY 64
#define ENOMEM 12

struct entry {
	u32 taken;
	u32 tasks;
	u64 history[HISTORY];
};
static volatile struct entry entries[SLOTS];

struct own_slot {
	u32 number; /* from 1 on; 0: none */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct own_slot);
} own_slots SEC(".maps");

static __always_inline bool take(volatile struct entry *entry)
{
#ifdef FIXED
	if (__sync_val_compare_and_swap(&entry->taken, 0, 1))
		return false;
#else
	if (entry->taken) /* RACE-A */
		return false;
#endif
	for (u32 i = 0; i < HISTORY; i++)
		entry->history[i] = 0;
	window();
	entry->taken = 1; /* RACE-B */
	if (__sync_fetch_and_add(&entry->tasks, 1))
		scx_bpf_error("a slot was given to two tasks");
	return true;
}

SCX_CALLBACK(s32, slot_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct own_slot *own;

	if (!args->fork)
		return 0;
	own = bpf_task_storage_get(&own_slots, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!own)
		return -ENOMEM;
	for (u32 i = 0; i < SLOTS; i++)
		if (take(&entries[i])) {
			own->number = i + 1;
			break;
		}
	return 0;
}

SCX_CALLBACK(void, slot_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct own_slot *own = bpf_task_storage_get(&own_slots, p, 0, 0);
	u32 number = own ? own->number : 0;

	if (!number || number > SLOTS)
		return;
	own->number = 0;
	__sync_fetch_and_sub(&entries[number - 1].tasks, 1);
	entries[number - 1].taken = 0;
}

SCX_CALLBACK(void, slot_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct own_slot *own = bpf_task_storage_get(&own_slots, p, 0, 0);

	if (own && own->number && own->number <= SLOTS)
		entries[own->number - 1].history[enq_flags % HISTORY]++;
	scx_bpf_dsq_insert(p, SHARED, SLICE_NS, enq_flags);
}

SCX_CALLBACK(void, slot_dispatch, s32 cpu, struct task_struct *prev)
{
	scx_bpf_dsq_move_to_local(SHARED);
}

RACE_SELECTS_NOTHING(slot)
RACE_BEGINS_AND_ENDS(slot)

SCX_SCHEDULER(slot_ops,
	.select_cpu = (void *)slot_select_cpu,
	.enqueue = (void *)slot_enqueue,
	.dispatch = (void *)slot_dispatch,
	.init_task = (void *)slot_init_task,
	.exit_task = (void *)slot_exit_task,
	.init = (void *)slot_init,
	.exit = (void *)slot_exit,
	.name = "slot");
