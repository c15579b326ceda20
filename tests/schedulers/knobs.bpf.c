// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has globals of many kinds, and ends with their values when `fire` is set.
 *
 * Pins: that a write from outside reaches the variable that was named, with its size and sign, and nothing beside it.
 */
#include <ktstr/sched_ext.bpf.h>

enum mode { CALM, BUSY, WILD };

struct limits {
	u8 before;
	u8 small;
	u8 after;
	s16 negative;
	u32 plain;
};

struct config {
	u32 first;
	struct limits limits[3];
	union {
		u32 either;
		u16 halves[2];
	};
	bool on;
	enum mode mode;
};

struct config cfg;
u64 wide = 5;
volatile int fire;

const volatile u32 limit = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct limits);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} by_pid SEC(".maps");

SCX_CALLBACK(void, knobs_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 last = 3, pid = p->pid;
	struct limits *limits = bpf_map_lookup_elem(&table, &last);

	bpf_map_lookup_elem(&by_pid, &pid);
	if (fire && limits)
		scx_bpf_error("knobs: small=%u,%u,%u negative=%d either=%u on=%u mode=%d wide=%llx table=%u,%u limit=%u",
			      cfg.limits[2].before, cfg.limits[2].small, cfg.limits[2].after, cfg.limits[2].negative,
			      cfg.either, cfg.on, cfg.mode, wide, limits->plain, limits->small, limit);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_CALLBACK(s32, knobs_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu;
}

SCX_SLEEPABLE_CALLBACK(void, knobs_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(knobs_ops,
	.enqueue = (void *)knobs_enqueue,
	.select_cpu = (void *)knobs_select_cpu,
	.exit = (void *)knobs_exit,
	.name = "knobs");
