// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler whose globals, maps and SEC("syscall") programs a scenario reads and runs. */
#include <ktstr/sched_ext.bpf.h>

struct dsq_caps {
	u32 of_queue[4];
	s16 least;
	bool strict;
};

struct dsq_tally {
	u64 nr, unused;
};

struct long_question {
	s32 pid;
	struct dsq_caps limits;
	s64 answer;
};

u64 nr_enqueued;
struct dsq_caps limits = { .of_queue = { 0, 0, 7 }, .least = -3, .strict = true };
const volatile s32 a_constant = -11;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, s32);
} numbers_of_queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct dsq_tally);
} stats SEC(".maps");

SCX_CALLBACK(void, on_demand_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 zero = 0, one = 1;
	struct dsq_tally *stat = bpf_map_lookup_elem(&stats, &one);
	s32 *number = bpf_map_lookup_elem(&numbers_of_queues, &zero);

	__sync_fetch_and_add(&nr_enqueued, 1);
	if (stat)
		stat->nr++;
	if (number)
		*number = -5;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

/* What it returns is a number that its context has; it puts the pid of the task that it finds into that. */
SEC("syscall")
int answer_a_long_question(struct long_question *query)
{
	struct task_struct *p = bpf_task_from_pid(query->pid);

	if (!p)
		return -1;
	query->answer = -p->tgid;
	bpf_task_release(p);
	return query->limits.of_queue[1] + query->limits.least;
}

SEC("syscall")
int add(u64 *numbers)
{
	return numbers[0] + numbers[1];
}

SEC("syscall")
int leave(void *context)
{
	scx_bpf_exit(0x77, "asked to leave");
	return 0;
}

SCX_SLEEPABLE_CALLBACK(void, on_demand_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(on_demand_ops,
	.enqueue = (void *)on_demand_enqueue,
	.exit = (void *)on_demand_exit,
	.name = "on_demand");
