// SPDX-License-Identifier: GPL-2.0-only
/*
 * filtered_calls: makes system calls through a seccomp filter of `instructions` instructions. The kernel runs the filter
 * with migration disabled (bpf_prog_run_pin_on_cpu()), and may be preempted in it.
 */
#include <ktstr/work.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { INSTRUCTIONS };

/* Puts the thread under a filter that looks at each call's first argument, adds to it, and allows the call. */
static void install(size_t instructions)
{
	/* A filter that looks at an argument is run each time: the kernel remembers the answer of others. */
	static const struct sock_filter look = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
	static const struct sock_filter add = BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1);
	static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_filter *steps;
	struct sock_fprog filter = { .len = (unsigned short)instructions };

	if (instructions < 2 || instructions > BPF_MAXINSNS)
		fail_format("worker", "filtered_calls: instructions=%zu: must be 2 to %d", instructions, BPF_MAXINSNS);
	steps = calloc(instructions, sizeof(*steps)); /* too much for a thread's stack */
	if (!steps)
		fail_errno("worker", "filtered_calls");
	filter.filter = steps;
	steps[0] = look;
	for (size_t i = 1; i < instructions - 1; i++)
		steps[i] = add;
	steps[instructions - 1] = allow;
	/* A worker that is not root may have a filter only with this. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail_errno("worker", "prctl(PR_SET_NO_NEW_PRIVS)");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter))
		fail_errno("worker", "seccomp (CONFIG_SECCOMP_FILTER)");
	free(steps);
}

static void filtered_calls(struct work *work)
{
	static __thread bool installed;

	if (!installed) {
		install(work_parameter(work, INSTRUCTIONS));
		installed = true;
		work_look(work);
	}
	if (syscall(SYS_getppid) < 0)
		fail_errno("worker", "getppid");
	work_count(work);
	work_look(work);
}
KTSTR_WORK(filtered_calls, filtered_calls, "instructions");
