// SPDX-License-Identifier: GPL-2.0-only
/* The agent's state, and what its operations do to it while they wait. */
#include "agent.h"

#include <sys/wait.h>

#include "machine.h"
#include "payload.h"

#define HEAR_OUT_NS (2 * NSEC_PER_SEC)

/* main() sets its descriptors: with an initializer its 600 KiB would be in the file, and not in .bss. */
struct agent agent;

void agent_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == agent.scheduler.pid)
			scheduler_reaped(&agent.scheduler, status);
		else if (!payloads_reaped(pid, status))
			workers_reaped(&agent.workers, pid, status);
	}
}

void agent_tick(uint64_t ns)
{
	sleep_until(now_ns() + ns);
	machine_watchdog();
	scheduler_watch(&agent.scheduler);
	agent_reap();
}

void agent_hear_out(uint64_t tick_ns)
{
	uint64_t start = now_ns();

	while (agent.scheduler.lost && agent.scheduler.pid && now_ns() - start < HEAR_OUT_NS)
		agent_tick(tick_ns);
}
