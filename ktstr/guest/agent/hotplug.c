// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that are taken offline and brought online again. A child writes to sysfs: the kernel's threads that do the work
 * are ordinary tasks, and a scheduler that does not run them must not stop the agent as well.
 */
#include "hotplug.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "agent.h"
#include "files.h"
#include "machine.h"
#include "observer.h"
#include "system.h"

#define LOOK_NS NSEC_PER_MSEC
#define MOST_NS (40 * NSEC_PER_SEC) /* longer than the kernel's watchdog waits before it ejects a scheduler (30 s) */

/* What a CPU was before the first change. */
static enum { UNCHANGED, WAS_OFFLINE, WAS_ONLINE } before[KTSTR_MAX_CPUS];

static bool write_state(unsigned int cpu, bool online)
{
	uint64_t start = now_ns();
	char path[64];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	pid = fork();
	if (pid < 0)
		return false;
	if (!pid)
		_exit(file_write(path, online ? "1" : "0") ? 0 : errno);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ns() - start > MOST_NS) {
			errno = ETIMEDOUT;
			return false;
		}
		sleep_until(now_ns() + LOOK_NS);
		machine_watchdog();
		scheduler_watch(&agent.scheduler);
	}
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return !errno;
}

bool hotplug_set(unsigned int cpu, bool online)
{
	bool was = system_online(cpu);

	if (!online)
		observer_cpu(cpu, false);
	if (!write_state(cpu, online)) {
		observer_cpu(cpu, was);
		return false;
	}
	observer_cpu(cpu, online);
	if (before[cpu] == UNCHANGED)
		before[cpu] = was ? WAS_ONLINE : WAS_OFFLINE;
	scheduler_hotplug(&agent.scheduler);
	return true;
}

void hotplug_restore(void)
{
	for (unsigned int cpu = 0; cpu < KTSTR_MAX_CPUS; cpu++) {
		bool online = before[cpu] == WAS_ONLINE;

		if (before[cpu] == UNCHANGED || system_online(cpu) == online)
			continue;
		if (!write_state(cpu, online))
			fail_errno("hotplug", online ? "bringing a CPU back online" : "taking a CPU offline again");
	}
}
