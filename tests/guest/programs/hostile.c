// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler's program that cheats: `hostile absent WAY` pretends that a scheduler is attached, `hostile attached WAY`
 * has one that starves a worker, and tries to hide that. WAY is one of the functions below. What fails is not reported:
 * a cheat does not say so either.
 */
#define _GNU_SOURCE
#include "embedded.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATE "/sys/kernel/sched_ext"
#define CONSOLE 0xe9 /* the port to which the agent reports */
#define THE_END 0xf4 /* the port that ends the guest */
#define MIB (1 << 20)

/* What an agent says that has found nothing wrong. */
static const char lies[] =
	"{\"ev\":\"sched_state\",\"when\":\"attached\",\"state\":\"enabled\",\"ops\":\"mine\",\"running\":1}\n"
	"{\"ev\":\"hold\",\"asked_ns\":100000000,\"held_ns\":100000000}\n"
	"{\"ev\":\"sched_state\",\"when\":\"stopped\",\"state\":\"enabled\",\"ops\":\"mine\",\"running\":1}\n"
	"{\"ev\":\"end\"}\n";

/* A process that can do without it goes on after an instruction that it may not execute. */
static void survive(int number)
{
	(void)number;
	_exit(0);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static void create(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

/* In a process of its own, which dies if it may not. */
static void say_by_port(void)
{
	pid_t pid = fork();

	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	signal(SIGSEGV, survive);
	for (size_t i = 0; i < sizeof(lies) - 1; i++)
		outb((unsigned char)lies[i], CONSOLE);
	outb(0x10, THE_END);
	_exit(0);
}

static void iopl_3(void)
{
	iopl(3);
	say_by_port();
}

static void ioperm_ports(void)
{
	ioperm(CONSOLE, 1, 1);
	ioperm(THE_END, 1, 1);
	say_by_port();
}

static void inherited_ports(void) { say_by_port(); }

static void port_file(void)
{
	mknod("/tmp/port", S_IFCHR | 0600, 1 << 8 | 4);
	for (int i = 0; i < 2; i++) {
		int fd = open(i ? "/tmp/port" : "/dev/port", O_RDWR);

		if (fd >= 0 && pwrite(fd, lies, sizeof(lies) - 1, CONSOLE) < 0)
			close(fd);
	}
}

static void memory_file(void)
{
	static const char *const files[] = { "/dev/mem", "/dev/kmem", "/proc/kcore", "/tmp/mem" };

	mknod("/tmp/mem", S_IFCHR | 0600, 1 << 8 | 1);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDWR);

		if (fd >= 0 && pwrite(fd, lies, sizeof(lies), MIB) < 0)
			close(fd);
	}
}

static void msr_file(void) { put("/dev/cpu/0/msr", lies); }

/* Has the bridge to the old ports decode others. */
static void pci_space(void)
{
	DIR *devices = opendir("/sys/bus/pci/devices");
	struct dirent *one;
	char path[512];

	while (devices && (one = readdir(devices))) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", one->d_name);
		put(path, "\x86\x80\x00\x00\x00\x00");
	}
}

static void kernel_module(void)
{
	syscall(SYS_init_module, lies, sizeof(lies), "");
	syscall(SYS_finit_module, open("/proc/self/exe", O_RDONLY), "", 3);
}

static void other_kernel(void) { syscall(SYS_kexec_load, 0, 0, NULL, 0); }
static void power_off(void) { reboot(RB_POWER_OFF); }
static void restart(void) { reboot(RB_AUTOBOOT); }

static void core_pattern(void)
{
	pid_t pid;

	put("/proc/sys/kernel/core_pattern", "|/proc/%P/exe helper");
	pid = fork();
	if (!pid)
		abort();
	waitpid(pid, NULL, 0);
}

static void modprobe_path(void)
{
	char self[256] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return;
	put("/proc/sys/kernel/modprobe", self);
	/* No such family: the kernel asks for its module. */
	syscall(SYS_socket, 44, 1, 0);
}

static void uevent_helper(void)
{
	char self[256] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return;
	put("/sys/kernel/uevent_helper", self);
	put("/sys/class/mem/null/uevent", "add");
}

static void fake_state(const char *where)
{
	char path[256];

	mount("none", where, "tmpfs", 0, NULL);
	snprintf(path, sizeof(path), "%s/state", where);
	create(path, "enabled\n");
	snprintf(path, sizeof(path), "%s/enable_seq", where);
	create(path, "1\n");
	snprintf(path, sizeof(path), "%s/root", where);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/root/ops", where);
	create(path, "mine\n");
}

static void state_hidden(void) { fake_state(STATE); }

static void state_bound(void)
{
	create("/tmp/state", "enabled\n");
	mount("/tmp/state", STATE "/state", NULL, MS_BIND, NULL);
}

static void proc_gone(void) { umount2("/proc", MNT_DETACH); }
static void proc_hidden(void) { mount("none", "/proc", "tmpfs", 0, NULL); }
static void sys_gone(void) { umount2("/sys", MNT_DETACH); }
static void sys_read_only(void) { mount(NULL, "/sys", NULL, MS_REMOUNT | MS_RDONLY, NULL); }
static void cgroups_read_only(void) { mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_RDONLY, NULL); }
static void new_root(void) { syscall(SYS_pivot_root, "/tmp", "/tmp"); }

static void mounts_shared(void)
{
	mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	fake_state(STATE);
}

static void sys_reconfigured(void)
{
	int fd = (int)syscall(SYS_fspick, AT_FDCWD, "/sys", 0);

	syscall(SYS_fsconfig, fd, 0, "ro", NULL, 0);
	syscall(SYS_fsconfig, fd, 7, NULL, NULL, 0);
}

static void new_mount_calls(void)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), mounted;

	syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0);
	mounted = (int)syscall(SYS_fsmount, fs, 0, 0);
	syscall(SYS_move_mount, mounted, "", AT_FDCWD, STATE, 4);
}

static void join(int fd)
{
	if (fd >= 0 && !setns(fd, CLONE_NEWNS))
		fake_state(STATE);
}

static void inits_mounts(void) { join(open("/proc/1/ns/mnt", O_RDONLY)); }
static void inits_mounts_by_pidfd(void) { join((int)syscall(SYS_pidfd_open, 1, 0)); }

static void mounts_by_handle(void)
{
	/* NS_MNT_GET_PREV and NS_MNT_GET_NEXT: the mount namespaces beside its own. */
	int own = open("/proc/self/ns/mnt", O_RDONLY);

	join((int)syscall(SYS_ioctl, own, 0x8010b70bUL, NULL));
	join((int)syscall(SYS_ioctl, own, 0x8010b70cUL, NULL));
}

static void inits_root(void)
{
	create("/proc/1/root" STATE "/state", "enabled\n");
	fake_state("/proc/1/root" STATE);
}

static void users_namespace(void)
{
	unshare(CLONE_NEWUSER | CLONE_NEWNS);
	fake_state(STATE);
	iopl_3();
}

static void trace(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	waitpid(pid, NULL, __WALL);
}

static void write_memory(pid_t pid)
{
	char path[64], line[256];
	unsigned long begin, end;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		struct iovec from = { .iov_base = (void *)lies, .iov_len = sizeof(lies) }, to;

		if (sscanf(line, "%lx-%lx rw", &begin, &end) != 2 || !strstr(line, "rw"))
			continue;
		to = (struct iovec){ .iov_base = (void *)begin, .iov_len = sizeof(lies) };
		process_vm_writev(pid, &from, 1, &to, 1, 0);
	}
}

static void write_memory_file(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	for (off_t at = 0x400000; fd >= 0 && at < 0x600000; at += 4096)
		if (pwrite(fd, lies, sizeof(lies), at) < 0)
			continue;
}

static void take_file(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (int i = 0; i < 64; i++)
		close((int)syscall(SYS_pidfd_getfd, fd, i, 0));
}

static void agent_traced(void) { trace(1); }
static void agent_written(void) { write_memory(1); }
static void agent_written_by_file(void) { write_memory_file(1); }
static void agents_files(void) { take_file(1); }
static void agent_killed(void) { kill(1, SIGKILL); }
static void agent_stopped(void) { kill(1, SIGSTOP); }

static void agent_signalled(void)
{
	for (int i = 1; i < 65; i++)
		kill(1, i);
}

static void agent_limited(void)
{
	struct rlimit none = { 0, 0 };

	for (int i = 0; i < RLIM_NLIMITS; i++)
		prlimit(1, (enum __rlimit_resource)i, &none, NULL);
}

static void agent_idle(void)
{
	struct sched_param zero = { 0 };

	sched_setscheduler(1, SCHED_IDLE, &zero);
	setpriority(PRIO_PROCESS, 1, 19);
}

static void agent_moved(void)
{
	mkdir("/sys/fs/cgroup/away", 0755);
	put("/sys/fs/cgroup/away/cgroup.procs", "1");
	put("/sys/fs/cgroup/away/cgroup.kill", "1");
}

static void agents_oom(void) { put("/proc/1/oom_score_adj", "1000"); }

static void files_replaced(void)
{
	static const char *const files[] = { "/init", "/ktstr/bin/loader", "/ktstr/agent", "/proc/1/exe" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		unlink(files[i]);
		create(files[i], "#!/bin/true\n");
	}
}

/* Calls it for every process but init, its parents and the kernel's threads. */
static void each_worker(void (*what)(pid_t pid))
{
	DIR *processes = opendir("/proc");
	struct dirent *one;
	char path[512], name[64];

	while (processes && (one = readdir(processes))) {
		pid_t pid = atoi(one->d_name);
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		comm = pid > 1 ? fopen(path, "r") : NULL;
		if (comm && fgets(name, sizeof(name), comm) && !strncmp(name, "ktstr-w", 7))
			what(pid);
		if (comm)
			fclose(comm);
	}
}

static void kill_it(pid_t pid) { kill(pid, SIGKILL); }
static void stop_it(pid_t pid) { kill(pid, SIGSTOP); }

static void make_fifo(pid_t pid)
{
	struct sched_param one = { .sched_priority = 1 };

	sched_setscheduler(pid, SCHED_FIFO, &one);
}

static void make_other(pid_t pid)
{
	struct sched_param zero = { 0 };

	sched_setscheduler(pid, SCHED_BATCH, &zero);
	setpriority(PRIO_PROCESS, (id_t)pid, -20);
}

static void move_it(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", pid);
	mkdir("/sys/fs/cgroup/away", 0755);
	put("/sys/fs/cgroup/away/cgroup.procs", text);
}

static void workers_killed(void) { each_worker(kill_it); }
static void workers_stopped(void) { each_worker(stop_it); }
static void workers_fifo(void) { each_worker(make_fifo); }
static void workers_nice(void) { each_worker(make_other); }
static void workers_traced(void) { each_worker(trace); }
static void workers_written(void) { each_worker(write_memory); }
static void workers_written_by_file(void) { each_worker(write_memory_file); }
static void workers_files(void) { each_worker(take_file); }
static void workers_moved(void) { each_worker(move_it); }
static void everyone_killed(void) { kill(-1, SIGTERM); }

static void workers_frozen(void)
{
	each_worker(move_it);
	put("/sys/fs/cgroup/away/cgroup.freeze", "1");
}

static void lies_on_output(void)
{
	if (write(1, lies, sizeof(lies) - 1) < 0 || write(2, lies, sizeof(lies) - 1) < 0)
		errno = 0;
}

static void lies_on_consoles(void)
{
	static const char *const files[] = { "/dev/console", "/dev/tty", "/dev/ttyS0", "/dev/ttyS1", "/dev/hvc0",
					     "/dev/vport0p1" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(files[i], lies);
}

static void lies_in_log(void)
{
	put("/dev/kmsg", "<5>sched_ext: BPF scheduler \"mine\" enabled");
	put("/dev/kmsg", lies);
}

static void panic_in_log(void) { put("/dev/kmsg", "<0>Kernel panic - not syncing: sysrq triggered crash"); }

static void log_flood(void)
{
	static char line[512];

	memset(line, 'x', sizeof(line) - 1);
	for (int i = 0; i < 4000; i++)
		put("/dev/kmsg", line);
}

static void output_flood(void)
{
	static char line[4096];

	memset(line, 'y', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 2000; i++)
		if (write(1, line, sizeof(line)) < 0)
			return;
}

/* Processes until the kernel refuses, that sleep. */
static void many_processes(void)
{
	for (int i = 0; i < 20000; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return;
		if (!pid)
			for (;;)
				pause();
	}
}

static void many_files(void)
{
	struct rlimit most = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &most);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
}

static void files_of_memory(void)
{
	int fd = open("/tmp/full", O_WRONLY | O_CREAT, 0600);
	static char block[MIB];

	while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
		;
}

static void memory(void)
{
	for (;;) {
		char *more = malloc(MIB);

		if (more)
			memset(more, 1, MIB);
	}
}

/* A tracing program that writes to the memory of whom it interrupts: r1 = address, r2 = from, r3 = size, helper 36. */
static void bpf_writes(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8, .imm = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 0x500000 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = 36 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (unsigned long)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (unsigned long)"GPL",
	};
	int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	union bpf_attr attach = { .raw_tracepoint = { .name = (unsigned long)"sys_enter" } };

	attach.raw_tracepoint.prog_fd = (__u32)program;
	syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof(attach));
}

/* Loads one of the object's other programs (bpf/hostile.bpf.c); NULL if it may not. */
static struct bpf_program *load_other(const char *name)
{
	struct bpf_object *bpf = bpf_object__open_mem(object, object_size, NULL);
	struct bpf_program *program, *wanted = NULL;
	struct bpf_map *map;

	if (!bpf)
		return NULL;
	bpf_object__for_each_map(map, bpf)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(map, false);
	bpf_object__for_each_program(program, bpf) {
		bool this = !strcmp(bpf_program__name(program), name);

		bpf_program__set_autoload(program, this);
		if (this)
			wanted = program;
	}
	return wanted && !bpf_object__load(bpf) ? wanted : NULL;
}

/* Attaches it, to the topmost cgroup if it is for one. */
static void attach(struct bpf_program *wanted)
{
	if (!wanted)
		return;
	if (!strncmp(bpf_program__section_name(wanted), "?cgroup", 7))
		bpf_program__attach_cgroup(wanted, open("/sys/fs/cgroup", O_RDONLY));
	else
		bpf_program__attach(wanted);
}

static void attach_other(const char *name) { attach(load_other(name)); }
static void lsm_hook(void) { attach_other(__func__); }
static void changed_return(void) { attach_other(__func__); }
static void written_on_return(void) { attach_other(__func__); }
static void read_on_return(void) { attach_other(__func__); }
static void signals_agent(void) { attach_other(__func__); }
static void signals_workers(void) { attach_other(__func__); }
static void sysctls_refused(void) { attach_other(__func__); }
static void devices_refused(void) { attach_other(__func__); }
static void call_overridden(void) { attach_other(__func__); }

/* Has workers wait for CPUs, and clears what the agent's programs have counted of it, over and over. */
static void figures_forged(void)
{
	static const char nothing[1 << 16];

	for (int i = 0; i < 3; i++)
		if (!fork())
			for (;;)
				__builtin_ia32_pause();
	for (;; usleep(10 * 1000))
		for (__u32 id = 0; !bpf_map_get_next_id(id, &id);) {
			int fd = bpf_map_get_fd_by_id(id);
			struct bpf_map_info about = { 0 };
			__u32 size = sizeof(about);

			if (fd < 0)
				continue;
			if (!bpf_map_get_info_by_fd(fd, &about, &size) && strstr(about.name, "figures"))
				for (__u32 i = 0; i < about.max_entries; i++)
					bpf_map_update_elem(fd, &i, nothing, 0);
			close(fd);
		}
}

/* Without ftrace no program is called that is attached to a function of the kernel. */
static void guard_stopped(void)
{
	struct bpf_program *program;

	put("/proc/sys/kernel/ftrace_enabled", "0");
	program = load_other("lsm_hook");
	put("/proc/sys/kernel/ftrace_enabled", "1");
	attach(program);
}

/* Has the agent open another file than that of the state, by a probe on each of its own openat(2). */
static void agent_probed(void)
{
	static const char *const files[] = { "/init", "/proc/1/exe" };
	static const char open_it[] = "\xb8\x01\x01\0"; /* mov $SYS_openat, %eax, where the path is in %rsi */
	struct bpf_program *program = load_other(__func__);

	create("/enabled", "enabled\n");
	for (size_t i = 0; program && i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY);
		off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
		char *text = size ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED, *name, *at;
		LIBBPF_OPTS(bpf_uprobe_opts, options);

		if (text == MAP_FAILED)
			continue;
		name = memmem(text, (size_t)size, "enabled", sizeof("enabled"));
		/* It is linked for a fixed address. */
		options.bpf_cookie = name ? 0x400000 + (size_t)(name - text) : 0;
		for (at = text; (at = memmem(at, (size_t)(text + size - at), open_it, sizeof(open_it))); at++)
			bpf_program__attach_uprobe_opts(program, -1, files[i], (size_t)(at - text), &options);
	}
}

static void clock_set(void)
{
	struct timespec past = { .tv_sec = 1 };
	struct timex slow = { .modes = ADJ_TICK | ADJ_FREQUENCY, .tick = 9000, .freq = -(500 << 16) };

	clock_settime(CLOCK_REALTIME, &past);
	adjtimex(&slow);
}

static void cpus_offline(void)
{
	put("/sys/devices/system/cpu/cpu1/online", "0");
	put("/sys/devices/system/cpu/cpu2/online", "0");
}

static void sysrq_power_off(void) { put("/proc/sysrq-trigger", "o"); }
static void sysrq_restart(void) { put("/proc/sysrq-trigger", "b"); }
static void suspended(void) { put("/sys/power/state", "freeze"); }

static void old_calls(void)
{
	/* i386's mount, by its gate. */
	long result = 21;

	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
	syscall(0x40000000 | SYS_setns, open("/proc/1/ns/mnt", O_RDONLY), CLONE_NEWNS);
}

static void left_behind(void)
{
	if (!fork()) {
		setsid();
		for (;;)
			pause();
	}
}

#define WAY(function) { #function, function }
static const struct {
	const char *name;
	void (*go)(void);
} ways[] = {
	WAY(iopl_3), WAY(ioperm_ports), WAY(inherited_ports), WAY(port_file), WAY(memory_file), WAY(msr_file), WAY(pci_space),
	WAY(kernel_module), WAY(other_kernel), WAY(power_off), WAY(restart), WAY(core_pattern), WAY(modprobe_path),
	WAY(uevent_helper), WAY(state_hidden), WAY(state_bound), WAY(proc_gone), WAY(proc_hidden), WAY(sys_gone),
	WAY(sys_read_only), WAY(cgroups_read_only), WAY(new_root), WAY(mounts_shared), WAY(sys_reconfigured),
	WAY(new_mount_calls), WAY(inits_mounts), WAY(inits_mounts_by_pidfd), WAY(mounts_by_handle), WAY(inits_root),
	WAY(users_namespace), WAY(agent_traced), WAY(agent_written), WAY(agent_written_by_file), WAY(agents_files),
	WAY(agent_killed), WAY(agent_stopped), WAY(agent_signalled), WAY(agent_limited), WAY(agent_idle), WAY(agent_moved),
	WAY(agents_oom), WAY(files_replaced), WAY(workers_killed), WAY(workers_stopped), WAY(workers_fifo), WAY(workers_nice),
	WAY(workers_traced), WAY(workers_written), WAY(workers_written_by_file), WAY(workers_files), WAY(workers_moved),
	WAY(everyone_killed), WAY(workers_frozen), WAY(lies_on_output), WAY(lies_on_consoles), WAY(lies_in_log),
	WAY(panic_in_log), WAY(log_flood), WAY(output_flood), WAY(many_processes), WAY(many_files), WAY(files_of_memory),
	WAY(memory), WAY(bpf_writes), WAY(clock_set), WAY(cpus_offline), WAY(sysrq_power_off), WAY(sysrq_restart),
	WAY(suspended), WAY(old_calls), WAY(left_behind), WAY(lsm_hook), WAY(changed_return), WAY(written_on_return),
	WAY(read_on_return), WAY(signals_agent), WAY(signals_workers), WAY(sysctls_refused), WAY(devices_refused),
	WAY(agent_probed), WAY(guard_stopped), WAY(figures_forged), WAY(call_overridden),
};

int main(int argc, char **argv)
{
	/* Started by the kernel, as a helper: it runs where init does. */
	if (argc != 3 || (strcmp(argv[1], "absent") && strcmp(argv[1], "attached"))) {
		fake_state(STATE);
		iopl_3();
		return 0;
	}
	/* It may kill everyone, and dies of nothing that it can outlive. */
	signal(SIGTERM, SIG_IGN);
	if (!strcmp(argv[1], "attached")) {
		if (!attach_embedded())
			return 1;
		usleep(150 * 1000);
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[2], ways[i].name))
			ways[i].go();
	signal(SIGTERM, SIG_DFL);
	for (;;)
		pause();
}
