// SPDX-License-Identifier: GPL-2.0-only
/*
 * Under a scheduler that runs nobody the agent is soon blocked in the kernel, in a fork() that waits for RCU. The machine's
 * watchdog knows no more than 30 s, which is as long as sched_ext's own takes to eject the scheduler. So a process in the
 * agent's scheduling class starts it over in the agent's place, for a while.
 */
#include "patience.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "machine.h"

#define RUNS "/proc/1/schedstat" /* how long the agent ran and waited, and how often it ran */
#define LOOK_NS (10 * NSEC_PER_SEC)
#define MOST_NS (20 * NSEC_PER_SEC) /* for which it is done, from the last time that the agent ran */

/* Never returns. */
static void stand_in(int runs)
{
	char before[96] = "", now[sizeof(before)] = "";
	uint64_t blocked_ns = 0;

	prctl(PR_SET_NAME, "ktstr-patience");
	/* Nothing that it needs may be read from where it waits for others. */
	if (mlockall(MCL_CURRENT))
		_exit(1);
	for (;;) {
		ssize_t got = pread(runs, now, sizeof(now) - 1, 0);

		if (got <= 0)
			_exit(1);
		now[got] = '\0';
		blocked_ns = strcmp(now, before) ? 0 : blocked_ns + LOOK_NS;
		if (blocked_ns && blocked_ns <= MOST_NS)
			machine_watchdog();
		strcpy(before, now);
		sleep_until(now_ns() + LOOK_NS);
	}
}

void patience_begin(void)
{
	int runs = open(RUNS, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (runs < 0)
		return; /* without CONFIG_SCHED_INFO nobody can tell whether the agent runs */
	pid = fork();
	if (pid < 0)
		fail_errno("patience", "fork");
	if (!pid)
		stand_in(runs);
	close(runs);
}
