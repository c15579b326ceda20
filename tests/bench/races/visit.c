// SPDX-License-Identifier: GPL-2.0-only
/*
 * visit: forks a process that moves itself into the cgroup `there` beside its own, computes `burst_iters` steps and exits; waits
 * for its end, and repeats.
 */
#include <ktstr/work.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define THERE "/there/cgroup.procs"
#define RETRY_NS NSEC_PER_MSEC /* after a refused fork */

enum { BURST_ITERS };

struct visit {
	bool open;
	int procs; /* the other cgroup's cgroup.procs */
};

static int open_procs(void)
{
	char line[512] = "", path[sizeof(ROOT) + sizeof(line) + sizeof(THERE)], *last;
	FILE *file = fopen("/proc/self/cgroup", "re");
	int procs;

	if (!file)
		fail_errno("worker", "/proc/self/cgroup");
	while (fgets(line, sizeof(line), file) && strncmp(line, "0::", 3))
		;
	fclose(file);
	last = strrchr(line, '/');
	if (!last || strncmp(line, "0::", 3))
		fail("worker", "/proc/self/cgroup names no cgroup of version 2");
	*last = '\0';
	snprintf(path, sizeof(path), ROOT "%s" THERE, line + 3);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		fail_errno("worker", path);
	return procs;
}

static void visit(struct work *work)
{
	struct visit *own = work_memory(work, sizeof(*own));
	pid_t child;

	if (!own->open) {
		own->procs = open_procs();
		own->open = true;
	}
	child = fork();
	if (child < 0) {
		work_sleep(work, RETRY_NS);
		return;
	}
	if (!child) {
		volatile uint32_t value = 0;

		/* 0 is the process that writes. */
		if (write(own->procs, "0", 1) != 1)
			_exit(1);
		for (uint64_t i = 0; i < work_parameter(work, BURST_ITERS) * 128; i++)
			value = value * 1664525 + 1013904223;
		_exit(0);
	}
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	work_unblocked(work, now_ns());
	work_count(work);
}
KTSTR_WORK(visit, visit, "burst_iters");
