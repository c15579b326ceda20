// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler that a userspace program would set up: its init fails if a value is not what test_bpf_declared.py sets. */
#include <ktstr/sched_ext.bpf.h>

u32 weights[4] = { 1, 1, 1, 1 };
const volatile u32 nr_llcs;
u64 sum;
struct {
	u64 turn_ns;
	char tag[8];
	s32 of_queue[2];
} limits = { .turn_ns = 1 };

struct numbers {
	u64 a, b;
};

SEC("syscall") int set_up(struct numbers *numbers)
{
	if (numbers->a + numbers->b != 42)
		return -22;
	sum = numbers->a + numbers->b;
	return 0;
}

SCX_CALLBACK(void, preset_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, limits.turn_ns, enq_flags);
}

SCX_SLEEPABLE_CALLBACK(s32, preset_init)
{
	if (weights[0] != 3 || weights[1] != 5 || weights[2] != 7 || weights[3] != 1)
		scx_bpf_error("weights %d %d %d %d", weights[0], weights[1], weights[2], weights[3]);
	if (limits.turn_ns != 2000000 || limits.tag[0] != 'f' || limits.tag[4] || limits.of_queue[1] != -4)
		scx_bpf_error("limits %llu %d", limits.turn_ns, limits.of_queue[1]);
	if (sum != 42)
		scx_bpf_error("sum %llu llcs %d", sum, nr_llcs);
	return 0;
}

SCX_SCHEDULER(preset_ops,
	.enqueue = (void *)preset_enqueue,
	.init = (void *)preset_init,
	.timeout_ms = 9000,
	.name = "preset");
