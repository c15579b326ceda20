// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler that a userspace program would give its tables: its init fails if one is not what test_tables.py sets. */
#include <ktstr/sched_ext.bpf.h>

enum mode { CALM, BUSY = 7 };

struct domain {
	u32 weight;
	enum mode mode;
	struct {
		s16 low;
		bool on;
	} limits[2];
	char tag[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, s32);
	__type(value, struct domain);
} domains SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} quotas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct domain);
} of_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} of_task SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct domain);
	__type(value, u32);
} by_domain SEC(".maps");

SCX_CALLBACK(void, tables_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

static void check_quota(u32 index)
{
	u64 *quota = bpf_map_lookup_elem(&quotas, &index);

	if (!quota || *quota != index + 10)
		scx_bpf_error("quota %d: %llu", index, quota ? *quota : 0);
}

static void check_cpu(s32 cpu)
{
	struct domain *domain;
	u32 zero = 0;

	domain = bpf_map_lookup_percpu_elem(&of_cpu, &zero, cpu);
	if (!domain || domain->weight != 5)
		scx_bpf_error("cpu %d: weight %d", cpu, domain ? domain->weight : 0);
}

SCX_SLEEPABLE_CALLBACK(s32, tables_init)
{
	struct domain *domain;
	s32 key = -3;

	domain = bpf_map_lookup_elem(&domains, &key);
	if (!domain)
		scx_bpf_error("no domain -3");
	else if (domain->weight != 2 || domain->mode != BUSY || domain->limits[1].low != -4 || !domain->limits[1].on ||
		 domain->tag[3] != 't' || domain->limits[0].on)
		scx_bpf_error("domain: weight %d mode %d low %d", domain->weight, domain->mode, domain->limits[1].low);
	check_quota(0);
	check_quota(1);
	check_quota(2);
	check_cpu(0);
	check_cpu(1);
	/* Only the declared type of these is of interest. */
	bpf_map_delete_elem(&untyped, &key);
	return 0;
}

SCX_SCHEDULER(tables_ops,
	.enqueue = (void *)tables_enqueue,
	.init = (void *)tables_init,
	.name = "tables");
