// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler in two files (turns.bpf.c is the other) that needs a program beside it, and fails if that is not attached. */
#include <ktstr/sched_ext.bpf.h>

#define ENOUGH 20

u64 switches, enqueues;

extern u64 turn_ns(u32 pid);

SEC("tp_btf/sched_switch") int on_switch(u64 *context)
{
	__sync_fetch_and_add(&switches, 1);
	return 0;
}

SEC("syscall") int by_hand(void *context)
{
	return 0;
}

SCX_CALLBACK(void, aside_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (__sync_fetch_and_add(&enqueues, 1) > ENOUGH && !switches)
		scx_bpf_error("sched_switch was never seen");
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, turn_ns(p->pid), enq_flags);
}

SCX_SCHEDULER(aside_ops,
	.enqueue = (void *)aside_enqueue,
	.name = "aside");

SCX_SCHEDULER(spare_ops,
	.name = "spare");
