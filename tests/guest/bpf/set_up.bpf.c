// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that a userspace program would set up step by step: its init fails if one of the steps that
 * test_bpf_set_up.py declares is missing.
 */
#include <ktstr/sched_ext.bpf.h>

struct task_ctx {
	u64 slice_ns;
	u32 cpu;
};

struct domain {
	u32 id;
	u64 cpus[2];
} domains[4];

/* Members of several sizes, one in another. */
struct cpu_arg {
	s32 cpu;
	u8 llc;
	struct {
		u16 pair[2];
		s64 weight;
	} more;
};

struct task_ctx example; /* without a variable the struct would not be in the BTF */
u64 task_size;
u32 cpus_added, last_llc, last_pair, ticks;
s64 last_weight;
bool started;

SEC("syscall") int init_sizes(u64 *context)
{
	task_size = context[0];
	return 0;
}

SEC("syscall") int add_cpu(struct cpu_arg *arg)
{
	if (arg->cpu != cpus_added)
		return -22;
	cpus_added++;
	last_llc = arg->llc;
	last_pair = arg->more.pair[1];
	last_weight = arg->more.weight;
	return 0;
}

SEC("syscall") int start(struct cpu_arg *arg)
{
	if (arg->cpu != bpf_get_smp_processor_id())
		return -22;
	started = true;
	return 0;
}

SEC("?tp_btf/sched_switch") int on_switch(u64 *context)
{
	__sync_fetch_and_add(&ticks, 1);
	return 0;
}

SEC("tp_btf/sched_waking") int unwanted(u64 *context)
{
	scx_bpf_error("unwanted is loaded");
	return 0;
}

SCX_CALLBACK(void, set_up_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SCX_CALLBACK(void, set_up_tick, struct task_struct *p)
{
	scx_bpf_error("tick is not cleared");
}

/* Runs for each of a scenario's tasks, all of which come after the attach. */
SCX_CALLBACK(void, set_up_enable, struct task_struct *p)
{
	if (started && !ticks)
		scx_bpf_error("on_switch is not loaded");
}

SCX_SLEEPABLE_CALLBACK(s32, set_up_init)
{
	if (task_size != sizeof(struct task_ctx))
		scx_bpf_error("task_size %llu", task_size);
	if (cpus_added != 2 || last_llc != 1 || last_pair != 7 || last_weight != -5)
		scx_bpf_error("added %d llc %d pair %d weight %lld", cpus_added, last_llc, last_pair, last_weight);
	if (domains[0].id != 10 || domains[1].id != 11 || domains[1].cpus[0] != 2 || domains[1].cpus[1] != 9)
		scx_bpf_error("domains %d %d", domains[0].id, domains[1].id);
	if (started)
		scx_bpf_error("started before it is attached");
	return 0;
}

SCX_SCHEDULER(set_up_ops,
	.enqueue = (void *)set_up_enqueue,
	.tick = (void *)set_up_tick,
	.enable = (void *)set_up_enable,
	.init = (void *)set_up_init,
	.name = "set_up");
