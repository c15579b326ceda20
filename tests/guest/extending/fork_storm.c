// SPDX-License-Identifier: GPL-2.0-only
/* fork_storm: forks `count` processes of the policy SCHED_OTHER, one after the other, and reports how long they took. */
#include <ktstr/operation.h>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process that exits at once; returns how long it took from fork(2) to its end. */
static uint64_t fork_one(void)
{
	static const struct sched_param normal;
	uint64_t began_ns = now_ns();
	pid_t child = fork();
	int status;

	if (child < 0)
		fail_errno("fork_storm", "fork");
	if (!child)
		_exit(sched_setscheduler(0, SCHED_OTHER, &normal) != 0);
	if (waitpid(child, &status, 0) != child)
		fail_errno("fork_storm", "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("fork_storm", "a child could not leave the real-time class");
	return now_ns() - began_ns;
}

static bool fork_storm(const struct arguments *arguments)
{
	uint32_t count = argument_u32(arguments, "count");
	uint64_t longest_ns = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t took_ns = fork_one();

		if (took_ns > longest_ns)
			longest_ns = took_ns;
	}
	emit_begin("fork_storm");
	emit_u64("count", count);
	emit_u64("longest_ns", longest_ns);
	emit_end();
	return true;
}
KTSTR_OPERATION(fork_storm, "count:u32", fork_storm);
