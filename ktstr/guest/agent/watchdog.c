// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets the time after which the kernel ejects a scheduler that leaves a task waiting. It is a field of what a scheduler's
 * program hands to the kernel (sched_ext_ops.timeout_ms). The agent inspects each map update of the program through a
 * seccomp filter, and writes the time into the one that carries the operations. That works for any program, linked
 * statically or not.
 */
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"
#include "btf_load.h"
#include "btf_path.h"

#define FIELD ".data.timeout_ms" /* in the struct that wraps the operations */

static struct {
	uint32_t ms;		/* of all that are started from here on; 0: the scheduler's own */
	int ends[2];		/* of a socket through which the program's process passes its filter's descriptor */
} watchdog;

void watchdog_set(uint32_t ms)
{
	watchdog.ms = ms;
}

void watchdog_prepare(void)
{
	if (watchdog.ms && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, watchdog.ends))
		fail_errno("watchdog", "socketpair");
}

void watchdog_install(void)
{
	/* bpf(BPF_MAP_UPDATE_ELEM, ...) waits for the watcher; everything else is allowed. */
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_MAP_UPDATE_ELEM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof(steps) / sizeof(steps[0]), .filter = steps };
	char space[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	int fd;

	if (!watchdog.ms)
		return;
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
	if (fd < 0)
		fail_errno("watchdog", "the kernel has no seccomp filters that notify (CONFIG_SECCOMP_FILTER)");
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	if (sendmsg(watchdog.ends[1], &message, 0) != 1)
		fail_errno("watchdog", "sendmsg");
}

static int receive(void)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space),
	};
	int fd;

	if (recvmsg(watchdog.ends[0], &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		fail_errno("watchdog", "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Writes the time into the operations, if that is what process `pid` is about to hand over. */
static void look_at(pid_t pid, uint64_t attributes)
{
	struct { int map_fd, unused; uint64_t key, value; } update;
	struct bpf_map_info map = { 0 };
	struct btf_number field;
	struct btf btf = { 0 };
	char path[64];
	uint32_t was;
	int memory, fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDWR | O_CLOEXEC);
	if (memory < 0)
		return;
	if (pread(memory, &update, sizeof(update), (off_t)attributes) != sizeof(update) ||
	    bpf_fdinfo(pid, update.map_fd, "map_type:") != BPF_MAP_TYPE_STRUCT_OPS)
		goto out;
	fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, (uint32_t)bpf_fdinfo(pid, update.map_fd, "map_id:"));
	if (fd < 0)
		goto out;
	bpf_info(fd, &map, sizeof(map));
	close(fd);
	if (btf_load_kernel(&btf) && btf_path_find(&btf, map.btf_vmlinux_value_type_id, FIELD, &field) && field.size == 4 &&
	    pread(memory, &was, sizeof(was), (off_t)(update.value + field.offset)) == sizeof(was) &&
	    pwrite(memory, &watchdog.ms, sizeof(watchdog.ms), (off_t)(update.value + field.offset)) == sizeof(was)) {
		emit_begin("watchdog");
		emit_text("map", map.name);
		emit_u64("ms", watchdog.ms);
		emit_u64("was", was);
		emit_end();
	}
	btf_free(&btf);
out:
	close(memory);
}

/* Inspects every map update until the program and its children have ended. */
static void watch(int listener)
{
	struct seccomp_notif request;
	struct seccomp_notif_resp answer;
	struct pollfd wait = { .fd = listener, .events = POLLIN };

	prctl(PR_SET_NAME, "ktstr-watchdog");
	while (poll(&wait, 1, -1) >= 0 && !(wait.revents & (POLLHUP | POLLERR))) {
		memset(&request, 0, sizeof(request));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request)) /* the process has died meanwhile */
			continue;
		look_at((pid_t)request.pid, request.data.args[1]);
		answer = (struct seccomp_notif_resp){ .id = request.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	_exit(0);
}

void watchdog_start(void)
{
	int listener;
	pid_t pid;

	if (!watchdog.ms)
		return;
	close(watchdog.ends[1]);
	listener = receive();
	close(watchdog.ends[0]);
	pid = fork();
	if (pid < 0)
		fail_errno("watchdog", "fork");
	if (!pid)
		watch(listener);
	close(listener);
}
