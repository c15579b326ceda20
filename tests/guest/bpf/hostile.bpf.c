// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler that starves a worker, and what BPF could do to the agent. programs/hostile.c loads each of the latter by
 * its name and attaches it; none is loaded with the scheduler.
 */
#include "../../schedulers/starve.bpf.c"

#define EACCES 13
#define SIGSTOP 19
#define STATE "/sys/kernel/sched_ext/state"
#define DISABLED 9 /* length of what the kernel says when no scheduler is attached, "disabled\n" */

static bool by_agent(void)
{
	return bpf_get_current_pid_tgid() >> 32 == 1;
}

SEC("?lsm/file_permission")
int BPF_PROG(lsm_hook, struct file *file, int mask, int ret)
{
	return by_agent() ? -EACCES : ret;
}

/* A read() of the agent returns 1 and has read nothing. */
SEC("?fmod_ret/security_file_permission")
int BPF_PROG(changed_return, struct file *file, int mask, int ret)
{
	return by_agent();
}

/* What the agent has read of the scheduler's state becomes another one. */
SEC("?raw_tp/sys_exit")
int BPF_PROG(written_on_return, struct pt_regs *regs, long ret)
{
	char lie[DISABLED] = "enabled\n";

	if (by_agent() && ret == DISABLED)
		bpf_probe_write_user((void *)PT_REGS_PARM2_CORE(regs), lie, sizeof(lie));
	return 0;
}

/* To read is no harm: the agent keeps nothing that a program could use. */
SEC("?raw_tp/sys_exit")
int BPF_PROG(read_on_return, struct pt_regs *regs, long ret)
{
	char text[DISABLED];

	if (by_agent() && !bpf_probe_read_user(text, sizeof(text), (void *)PT_REGS_PARM2_CORE(regs)))
		bpf_printk("%s", text);
	return 0;
}

SEC("?raw_tp/sched_switch")
int BPF_PROG(signals_agent)
{
	if (by_agent())
		bpf_send_signal(SIGSTOP);
	return 0;
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(signals_workers, bool preempt, struct task_struct *prev)
{
	if (worker_digit(prev) == 0)
		bpf_send_signal(SIGSTOP);
	return 0;
}

SEC("?cgroup/sysctl")
int sysctls_refused(struct bpf_sysctl *ctx)
{
	return !by_agent();
}

SEC("?cgroup/dev")
int devices_refused(struct bpf_cgroup_dev_ctx *ctx)
{
	return !by_agent();
}

/* Before openat(2) of the agent: its path becomes the one at the address of the cookie. */
SEC("?uprobe")
int agent_probed(struct pt_regs *regs)
{
	char path[sizeof(STATE)];

	if (bpf_probe_read_user_str(path, sizeof(path), (void *)regs->si) == sizeof(path) &&
	    !__builtin_memcmp(path, STATE, sizeof(path)))
		regs->si = bpf_get_attach_cookie(regs);
	return 0;
}

/* No file can be opened by the agent, if the kernel was built for that. */
SEC("?kprobe/__x64_sys_openat")
int call_overridden(struct pt_regs *regs)
{
	if (by_agent())
		bpf_override_return(regs, -EACCES);
	return 0;
}
