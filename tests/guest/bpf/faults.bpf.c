// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler with one fault, chosen by a macro. Without one it works. test_first_line.py has what each is told as. */
#include <ktstr/sched_ext.bpf.h>

#ifdef UNDEFINED
extern int pick_queue(u64 weight);
#endif
#ifdef NO_KFUNC
extern void scx_bpf_frobnicate(u64 dsq_id) __ksym;
#endif
#ifdef NO_VARIABLE
extern const int nr_frobs __ksym;
#endif
#ifdef NO_CONFIG
extern unsigned long CONFIG_FROBS __kconfig;
#endif
#ifdef HUGE_TABLE
char table[300 << 20];
#endif
#ifdef HUGE_MAP
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << 20);
	__type(key, u32);
	__type(value, u64[512]);
} shelf SEC(".maps");
#endif
#ifdef NO_MEMBER
struct task_struct___moved {
	int frobs;
} __attribute__((preserve_access_index));
#endif

#ifdef AFTER_A_WHILE
static u64 nr_enqueued;
#endif

SCX_CALLBACK(void, faults_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 dsq = SCX_DSQ_GLOBAL;

#ifdef UNDEFINED
	dsq += pick_queue(1);
#endif
#ifdef NO_KFUNC
	scx_bpf_frobnicate(dsq);
#endif
#ifdef NO_VARIABLE
	dsq += (u64)&nr_frobs;
#endif
#ifdef NO_CONFIG
	dsq += CONFIG_FROBS;
#endif
#ifdef HUGE_TABLE
	table[p->pid & 1023] = 1;
#endif
#ifdef HUGE_MAP
	u32 zero = 0;

	if (!bpf_map_lookup_elem(&shelf, &zero))
		return;
#endif
#ifdef NO_MEMBER
	dsq += ((struct task_struct___moved *)p)->frobs;
#endif
#ifdef NO_DSQ
	dsq = 0x1234;
#endif
#ifdef AFTER_A_WHILE
	if (nr_enqueued++ == 8)
		scx_bpf_error("task %d is one too many", p->pid);
#endif
#ifdef LEAVES
	scx_bpf_exit(7, "enough for today");
#endif
	scx_bpf_dsq_insert(p, dsq, 5000000, enq_flags);
}

SCX_CALLBACK(void, faults_dispatch, s32 cpu, struct task_struct *prev)
{
#ifdef UNCHECKED
	if (prev->pid == 7)
		scx_bpf_error("seven");
#endif
#ifdef ENDLESS
	for (u64 i = 0; i < bpf_ktime_get_ns(); i++)
		if (scx_bpf_dsq_move_to_local(SCX_DSQ_GLOBAL + i))
			return;
#endif
}

SCX_SLEEPABLE_CALLBACK(s32, faults_init)
{
#ifdef INIT_ERROR
	scx_bpf_error("no queue for node 0");
#endif
#ifdef INIT_REFUSES
	return -12;
#endif
#ifdef INIT_TWICE
	return scx_bpf_create_dsq(1, -1) ?: scx_bpf_create_dsq(1, -1);
#endif
	return 0;
}

#ifdef INIT_TASK
SCX_SLEEPABLE_CALLBACK(s32, faults_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return -2;
}
#endif

#ifdef NO_SUCH_SYMBOL
SEC("kprobe/no_such_symbol_as_this") int on_frob(struct pt_regs *registers)
{
	return 0;
}
#endif

#ifdef EXIT_IN_UEI
/* As scx's schedulers and the kernel tree's keep it. */
struct user_exit_info {
	int kind;
	s64 exit_code;
	char reason[128];
	char msg[1024];
} uei SEC(".data.uei");

SCX_SLEEPABLE_CALLBACK(void, faults_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(uei.reason, sizeof(uei.reason), BPF_CORE_READ(info, reason));
	bpf_probe_read_kernel_str(uei.msg, sizeof(uei.msg), BPF_CORE_READ(info, msg));
	uei.exit_code = BPF_CORE_READ(info, exit_code);
	uei.kind = BPF_CORE_READ(info, kind);
}
#endif

#ifdef EXIT_RECORDED
SCX_SLEEPABLE_CALLBACK(void, faults_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}
#endif

SCX_SCHEDULER(faults_ops,
	.enqueue = (void *)faults_enqueue,
	.dispatch = (void *)faults_dispatch,
	.init = (void *)faults_init,
#ifdef INIT_TASK
	.init_task = (void *)faults_init_task,
#endif
#if defined(EXIT_RECORDED) || defined(EXIT_IN_UEI)
	.exit = (void *)faults_exit,
#endif
#ifdef BAD_FLAGS
	.flags = 1ULL << 50,
#endif
#ifdef BAD_TIMEOUT
	.timeout_ms = 3600000,
#endif
#ifndef NAMELESS
	.name = "faults",
#endif
);

#ifdef TWO_OPS
SCX_SCHEDULER(spare_ops, .name = "spare");
#endif
