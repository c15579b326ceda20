// SPDX-License-Identifier: GPL-2.0-only
/* The smallest scheduler: tasks run in the order in which they come, on whichever CPU is free. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SCX_DSQ_GLOBAL ((1ULL << 63) | 1)
#define SLICE_NS 5000000ULL

extern void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq_id, __u64 slice, __u64 enq_flags) __ksym;

SEC("struct_ops/tiny_enqueue")
void BPF_PROG(tiny_enqueue, struct task_struct *p, __u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SLICE_NS, enq_flags);
}

SEC(".struct_ops.link")
struct sched_ext_ops tiny_ops = {
	.enqueue = (void *)tiny_enqueue,
	.name = "tiny",
};

char _license[] SEC("license") = "GPL";
