// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork_exec: forks a process that executes a program, which computes `burst_iters` steps and exits, waits for its end, and
 * repeats.
 */
#include <ktstr/work.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETRY_NS NSEC_PER_MSEC /* after a refused fork */

enum { BURST_ITERS };

static void fork_exec(struct work *work)
{
	uint64_t ended_ns = 0;
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		fail_errno("worker", "pipe");
	child = fork();
	if (!child)
		work_execute(work_parameter(work, BURST_ITERS), ends[1]);
	close(ends[1]);
	if (child < 0) {
		/* The kernel, or the scheduler, refused it: a worker that gets no child does no work. */
		close(ends[0]);
		work_sleep(work, RETRY_NS);
		return;
	}
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail_errno("worker", "waitpid");
	/* One that was killed has written nothing. */
	if (read(ends[0], &ended_ns, sizeof(ended_ns)) != sizeof(ended_ns))
		ended_ns = now_ns();
	work_unblocked(work, ended_ns);
	close(ends[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail("worker", "fork_exec: the program could not be executed");
	work_count(work);
}
KTSTR_WORK(fork_exec, fork_exec, "burst_iters");
