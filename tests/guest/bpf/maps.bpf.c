// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler with a map of every kind that schedulers have, and values of every type in them.
 *
 * Pins: that a dump of its maps says what bpftool says. What it counts and notes are the tasks that it really queued;
 * once it is out nothing changes any more. It ends as failed when it has queued `fail_after` of them.
 */
#include <ktstr/sched_ext.bpf.h>

#define SHARED_DSQ 0
#define SLOTS 10000
#define NS_PER_MS 1000000

enum task_state { NEVER_SEEN, QUEUED, RUNNING, STOPPED = 40 };
enum task_kind { KIND_OTHER = -1, KIND_KERNEL = 3, KIND_USER };
enum limit { NO_LIMIT, HUGE_LIMIT = 1ULL << 40 };

struct slice {
	u32 ms;
	s16 bonus;
	bool yields;
};

struct settings {
	struct slice slices[2];
	enum limit limit;
	char name[12];
	union {
		u64 whole;
		struct {
			u32 low, high;
		} half;
	};
};

struct flags {
	u32 was_idle : 1;
	u32 cpu : 10;
	s32 nice : 6;
	enum task_state state : 7;
	u64 : 0;
	u64 queued_at : 40;
};

struct task_key {
	u32 pid;
	enum task_kind kind;
};

struct task_note {
	struct flags flags;
	struct slice slice;
	char comm[16];
	u64 history[4];
	struct {
		u32 runs, queues;
	};
	struct task_note *self;
	u8 raw[6];
};

struct cpu_count {
	u64 dispatches;
	u32 by_kind[2];
	struct slice last;
};

/* As it was compiled, and as it was set. */
const volatile struct settings compiled = {
	.slices = { { 5, -3, true }, { 20, 0, false } },
	.limit = HUGE_LIMIT,
	.name = "for \"maps\"",
	.whole = 0x1122334455667788,
};
const volatile u32 most_notes = 64;
const volatile u32 fail_after = 0;

struct settings current_settings = {
	.slices = { { 1, 2, false } },
	.name = "twelve bytes",
};

u64 nr_queued, nr_idle;
s64 lowest = -1;
int never_written;
u32 sparse[3000];
struct cpu_count totals[2];
static bool was_used;

#define MAP(name, kind, entries, key_type, value_type)  \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##kind);      \
		__uint(max_entries, entries);           \
		__type(key, key_type);                  \
		__type(value, value_type);              \
	} name SEC(".maps")

MAP(cpu_counts, PERCPU_ARRAY, 2, u32, struct cpu_count);
MAP(notes, HASH, 64, struct task_key, struct task_note);
MAP(queues_by_kind_of_task, PERCPU_HASH, 8, enum task_kind, u64);
MAP(recent, LRU_HASH, 16, u32, struct slice);
MAP(slots, ARRAY, SLOTS, u32, u32);
MAP(numbers, HASH, SLOTS, u32, u64);

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_note);
} task_notes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct slice);
} cgroup_slices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* page */
} pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, u32);
} waiting SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct slice);
} inner_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, u32);
	__array(values, struct inner);
} outer_map SEC(".maps") = { .values = { [1] = &inner_map } };

static enum task_kind kind_of(const struct task_struct *p)
{
	return p->flags & 0x00200000 /* PF_KTHREAD */ ? KIND_KERNEL : KIND_USER;
}

static void note_queued(struct task_struct *p, bool idle)
{
	struct task_key key = { .pid = p->pid, .kind = kind_of(p) };
	struct task_note note = {}, *known, *mine;
	struct slice slice = { .ms = p->pid, .bonus = -p->pid, .yields = idle };
	u32 zero = 0, slot = key.pid % SLOTS;
	struct cpu_count *count;
	u64 one = 1, *queues;
	u32 *value;

	was_used = never_written == 0;
	known = bpf_map_lookup_elem(&notes, &key);
	if (!known) {
		bpf_map_update_elem(&notes, &key, &note, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&notes, &key);
	}
	mine = bpf_task_storage_get(&task_notes, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known) {
		known->flags.was_idle = idle;
		known->flags.cpu = bpf_get_smp_processor_id();
		known->flags.nice = (s32)p->static_prio - 120;
		known->flags.state = QUEUED;
		known->flags.queued_at = bpf_ktime_get_ns();
		known->slice = slice;
		bpf_probe_read_kernel_str(known->comm, sizeof(known->comm), p->comm);
		known->history[known->queues % 4] = bpf_ktime_get_ns();
		known->queues++;
		known->self = known;
		known->raw[5] = key.pid;
		if (mine)
			*mine = *known;
	}
	count = bpf_map_lookup_elem(&cpu_counts, &zero);
	if (count) {
		count->by_kind[key.kind == KIND_USER]++;
		count->last = slice;
	}
	queues = bpf_map_lookup_elem(&queues_by_kind_of_task, &key.kind);
	if (queues)
		++*queues;
	else
		bpf_map_update_elem(&queues_by_kind_of_task, &key.kind, &one, BPF_ANY);
	bpf_map_update_elem(&recent, &key.pid, &slice, BPF_ANY);
	value = bpf_map_lookup_elem(&slots, &slot);
	if (value)
		++*value;
	bpf_map_push_elem(&waiting, &key.pid, BPF_EXIST);
}

SCX_CALLBACK(s32, maps_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle) {
		__sync_fetch_and_add(&nr_idle, 1);
		note_queued(p, true);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 5 * NS_PER_MS, 0);
	}
	return cpu;
}

SCX_CALLBACK(void, maps_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (fail_after && nr_queued >= fail_after)
		scx_bpf_error("maps: failed after %llu", nr_queued);
	__sync_fetch_and_add(&nr_queued, 1);
	note_queued(p, false);
	scx_bpf_dsq_insert(p, SHARED_DSQ, 5 * NS_PER_MS, enq_flags);
}

SCX_CALLBACK(void, maps_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 one = 1;
	struct cpu_count *count = bpf_map_lookup_elem(&cpu_counts, &one);
	struct slice *slice;
	void *inner = bpf_map_lookup_elem(&outer_map, &one);

	if (count)
		count->dispatches++;
	if (inner) {
		slice = bpf_map_lookup_elem(inner, &one);
		if (slice)
			slice->ms++;
	}
	totals[cpu & 1].dispatches++;
	scx_bpf_dsq_move_to_local(SHARED_DSQ);
}

SCX_SLEEPABLE_CALLBACK(s32, maps_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	struct slice *slice = bpf_cgrp_storage_get(&cgroup_slices, cgrp, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (slice)
		slice->ms = args->weight;
	return 0;
}

static long fill(u64 index, void *context)
{
	u32 key = index;
	u64 value = index * index;

	bpf_map_update_elem(&numbers, &key, &value, BPF_ANY);
	return 0;
}

SCX_SLEEPABLE_CALLBACK(s32, maps_init)
{
	sparse[7] = sparse[2000] = most_notes;
	current_settings.half.high = compiled.slices[0].ms + most_notes;
	bpf_arena_alloc_pages(&pages, NULL, 1, -1 /* NUMA_NO_NODE */, 0);
	bpf_loop(SLOTS - 1000, fill, NULL, 0);
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

SCX_SLEEPABLE_CALLBACK(void, maps_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(maps_ops,
	.select_cpu = (void *)maps_select_cpu,
	.enqueue = (void *)maps_enqueue,
	.dispatch = (void *)maps_dispatch,
	.cgroup_init = (void *)maps_cgroup_init,
	.init = (void *)maps_init,
	.exit = (void *)maps_exit,
	.name = "maps");
