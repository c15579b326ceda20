// SPDX-License-Identifier: GPL-2.0-only
/*
 * reload TIMES AT_ONCE: detaches the scheduler, then so many processes at once attach and detach what its program had
 * loaded, each so many times in a tight loop, and at the end it is started as before. The kernel takes one scheduler at a
 * time: an attach that comes while another one is there gets EBUSY.
 */
#include <ktstr/operation.h>

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/clock.h>

#include "agent.h"
#include "bpf.h"
#include "instance.h"
#include "machine.h"
#include "process.h"

#define TICK_NS (10 * NSEC_PER_MSEC)
#define MAX_AT_ONCE 16
/* Linux 6.4 has these; the headers that this is built with may be older. */
#define LINK_STRUCT_OPS 9      /* BPF_LINK_TYPE_STRUCT_OPS */
#define ATTACH_STRUCT_OPS 44   /* BPF_STRUCT_OPS of enum bpf_attach_type */
#define LINK_MAP_WORD 4	       /* where bpf_link_info has struct_ops.map_id, counted in u32s */

struct counts {
	uint64_t attached, refused;
	int error; /* errno of an attach that failed for another reason */
};

/* The map of the scheduler's operations, by its link; -1, with errno, if it has none. */
static int operations_map(void)
{
	union {
		struct bpf_link_info info;
		uint32_t words[64];
	} link;
	int map = -1;

	for (uint32_t id = 0; map < 0 && (id = bpf_next_id(BPF_LINK_GET_NEXT_ID, id));) {
		int fd = bpf_open_id(BPF_LINK_GET_FD_BY_ID, id);

		if (fd < 0)
			continue;
		memset(&link, 0, sizeof(link));
		bpf_info(fd, &link, sizeof(link));
		if (link.info.type == LINK_STRUCT_OPS)
			map = bpf_open_id(BPF_MAP_GET_FD_BY_ID, link.words[LINK_MAP_WORD]);
		close(fd);
	}
	if (map < 0)
		errno = ENOENT;
	return map;
}

static void attach_and_detach(int map, uint64_t times, struct counts *counts)
{
	for (uint64_t i = 0; i < times; i++) {
		union bpf_attr attributes = {
			.link_create = { .prog_fd = (uint32_t)map, .attach_type = ATTACH_STRUCT_OPS },
		};
		int link = bpf(BPF_LINK_CREATE, &attributes);

		if (link >= 0) {
			__atomic_add_fetch(&counts->attached, 1, __ATOMIC_RELAXED);
			close(link);
		} else if (errno == EBUSY) {
			__atomic_add_fetch(&counts->refused, 1, __ATOMIC_RELAXED);
		} else {
			__atomic_store_n(&counts->error, errno, __ATOMIC_RELAXED);
			return;
		}
	}
}

static void run_all(int map, uint64_t times, unsigned int at_once, struct counts *counts)
{
	pid_t pids[MAX_AT_ONCE];

	for (unsigned int i = 0; i < at_once; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail_errno("reload", "fork");
		if (pids[i])
			continue;
		if (!become_ordinary())
			_exit(1);
		attach_and_detach(map, times, counts);
		_exit(0);
	}
	for (unsigned int i = 0; i < at_once; i++) {
		int status = 0;
		pid_t ended;

		while (!(ended = waitpid(pids[i], &status, WNOHANG))) {
			sleep_until(now_ns() + TICK_NS);
			machine_watchdog();
		}
		if (ended < 0 || status)
			fail_format("reload", "a process that attaches ended with status %#x", (unsigned int)status);
	}
}

static bool reload(const struct arguments *arguments)
{
	uint64_t times = argument_u64(arguments, "times");
	uint32_t at_once = argument_u32(arguments, "at_once");
	const struct command *command = agent.scheduler.command;
	struct counts *counts;
	int map;

	if (!at_once || at_once > MAX_AT_ONCE)
		argument_refuse(arguments, "at_once", "must be 1 to 16");
	map = operations_map();
	if (map < 0) {
		operation_refused("the scheduler's link");
		return true;
	}
	if (!instance_detach())
		return false;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		fail_errno("reload", "mmap");
	run_all(map, times, at_once, counts);
	close(map);
	emit_begin("reloaded");
	emit_u64("attached", counts->attached);
	emit_u64("refused", counts->refused);
	emit_end();
	if (counts->error) {
		errno = counts->error;
		operation_refused("BPF_LINK_CREATE");
	}
	if (munmap(counts, sizeof(*counts)))
		fail_errno("reload", "munmap");
	return instance_attach(command);
}
KTSTR_OPERATION(reload, "times:u64 at_once:u32", reload);
