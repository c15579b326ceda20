// SPDX-License-Identifier: GPL-2.0-only
/* fork_exit: forks a process that computes `burst_iters` steps and exits, waits for its end, and repeats. */
#include <ktstr/work.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETRY_NS NSEC_PER_MSEC /* after a refused fork */

enum { BURST_ITERS };

static void fork_exit(struct work *work)
{
	/* When the child ended, by its own clock: the parent's gap begins there. */
	volatile uint64_t *ended_ns = work_memory(work, sizeof(*ended_ns));
	pid_t child;

	*ended_ns = 0;
	child = fork();
	if (child < 0) {
		/* The kernel, or the scheduler, refused it: a worker that gets no child does no work. */
		work_sleep(work, RETRY_NS);
		return;
	}
	if (!child) {
		volatile uint32_t value = 0;

		for (uint64_t i = 0; i < work_parameter(work, BURST_ITERS) * 128; i++)
			value = value * 1664525 + 1013904223;
		*ended_ns = now_ns();
		_exit(0);
	}
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	work_unblocked(work, *ended_ns ? *ended_ns : now_ns());
	work_count(work);
}
KTSTR_WORK(fork_exit, fork_exit, "burst_iters");
