// SPDX-License-Identifier: GPL-2.0-only
/*
 * Confines the program under test, which is root as schedulers' programs are. Without these capabilities it reaches
 * neither I/O ports nor the memory of a process that has them, which the agent and its workers do; in a mount namespace of
 * its own it cannot hide what the kernel says from the agent. docs/trust.md says what is left.
 */
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf_guard.h"
#include "files.h"
#include "machine.h"

#define RECONFIGURE 7 /* FSCONFIG_CMD_RECONFIGURE of linux/mount.h, which does not go together with sys/mount.h */
#define LOCKDOWN "/sys/kernel/security/lockdown"
#define HELPERS "/proc/sys/kernel/usermodehelper/"

static bool off, unlocked;

void confine_none(void)
{
	off = true;
}

void confine_unlocked(void)
{
	unlocked = true;
}

void confine_init(void)
{
	if (unlink("/init"))
		fail_errno("confine", "removing /init");
}

void confine_helpers(void)
{
	/* A helper runs in the agent's mount namespace. The files are there on every kernel that starts helpers. */
	file_write(HELPERS "bset", "0 0");
	file_write(HELPERS "inheritable", "0 0");
}

void confine_kernel(void)
{
	/* With the lockdown module: BPF writes to no process's memory, and sysfs to no PCI device. It stays so. */
	if (!off && !unlocked && !access(LOCKDOWN, W_OK))
		file_write(LOCKDOWN, "integrity");
}

void confine_bpf(void)
{
	if (!off)
		bpf_guard_turn_on();
}

static void drop_capabilities(void)
{
	static const int dropped[] = { CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_BOOT, CAP_SYS_TIME };

	/* Those that root gets when it executes a program are the bounding set. */
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		if (prctl(PR_CAPBSET_DROP, dropped[i], 0, 0, 0))
			fail_errno("confine", "dropping a capability");
}

/* Offset of an argument's low half. */
#define ARGUMENT(n) (offsetof(struct seccomp_data, args[n]))
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
/* Skips `over` steps unless the loaded word is `value`. */
#define UNLESS(value, over) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, over)
/* Skips `over` steps if it is. */
#define IF(value, over) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, over, 0)
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* A call on a process that is refused for init, the agent: its first argument is a pid. */
#define NOT_ON_INIT(number) UNLESS(number, 4), LOAD(ARGUMENT(0)), UNLESS(1, 1), REFUSE(EPERM), ALLOW

/*
 * Refuses what changes the agent's view of the kernel, or the agent itself, although the capabilities allow it: another
 * process's mount namespace, the options of a file system that is mounted elsewhere, too, other processes' limits, the
 * agent's scheduling class. A kernel without seccomp filters has the capabilities alone.
 */
static void filter_calls(void)
{
	static struct sock_filter steps[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		IF(MACHINE_AUDIT_ARCH, 1),
		REFUSE(ENOSYS),
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, MACHINE_CALLS, 0, 1), /* a second ABI's, such as x32's */
		REFUSE(ENOSYS),
		UNLESS(SYS_setns, 1), REFUSE(EPERM),
		UNLESS(SYS_mount, 5), LOAD(ARGUMENT(3)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MS_REMOUNT | MS_BIND), UNLESS(MS_REMOUNT, 1), REFUSE(EPERM), ALLOW,
		UNLESS(SYS_fsconfig, 4), LOAD(ARGUMENT(1)), UNLESS(RECONFIGURE, 1), REFUSE(EPERM), ALLOW,
		UNLESS(SYS_prlimit64, 8), LOAD(ARGUMENT(0)), IF(0, 5),
		LOAD(ARGUMENT(2)), UNLESS(0, 2), LOAD(ARGUMENT(2) + 4), IF(0, 1), REFUSE(EPERM), ALLOW,
		NOT_ON_INIT(SYS_sched_setscheduler),
		NOT_ON_INIT(SYS_sched_setparam),
		NOT_ON_INIT(SYS_sched_setattr),
		NOT_ON_INIT(SYS_sched_setaffinity),
		ALLOW,
	};
	struct sock_fprog filter = { .len = sizeof(steps) / sizeof(steps[0]), .filter = steps };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) && errno != ENOSYS && errno != EINVAL)
		fail_errno("confine", "a filter of system calls");
}

static void confine(bool calls)
{
	if (!off) {
		/* What the agent mounts later gets there; what the program mounts does not get here. */
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
			fail_errno("confine", "a mount namespace");
		drop_capabilities();
		if (calls)
			filter_calls();
	}
	/* Ports that the agent has opened stay open in the processes that it forks. A failure is reported through them. */
	machine_close();
}

void confine_program(void)
{
	confine(true);
}

void confine_workload(void)
{
	confine(false);
}
