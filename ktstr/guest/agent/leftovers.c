// SPDX-License-Identifier: GPL-2.0-only
/* What a plan leaves behind. The agent ends what runs and removes what it made; what withstands that is reported. */
#include "leftovers.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "cgroup.h"
#include "files.h"
#include "machine.h"

#define ONLINE "/sys/devices/system/cpu/online"
#define END_NS (2 * NSEC_PER_SEC) /* that processes get to end, and the kernel to let go of their cgroups */
#define MOST_FOLDERS 16		  /* open at once; deeper ones are reopened */

static char online_before[256];

static void read_online(char *text, size_t size)
{
	if (file_read(ONLINE, text, size) <= 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

void leftovers_prepare(void)
{
	read_online(online_before, sizeof(online_before));
}

static void report(const char *kind, const char *what)
{
	emit_begin("leftover");
	emit_text("kind", kind);
	emit_text("what", what);
	emit_end();
}

/* Every process but this one is the plan's: init's children, and whoever lost its parent. */
static void end_processes(void)
{
	uint64_t start = now_ns();

	if (kill(-1, SIGKILL) && errno != ESRCH)
		fail_errno("leftovers", "ending all processes");
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return; /* there is none */
		if (pid)
			continue;
		if (now_ns() - start > END_NS)
			break;
		machine_watchdog();
		usleep(1000);
	}
	report("process", "a process that SIGKILL does not end");
}

/* Called for what is in a folder before the folder itself. */
static int remove_cgroup(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	uint64_t start = now_ns();

	(void)status;
	if (kind != FTW_DP || !place->level)
		return 0;
	while (rmdir(path)) {
		if (errno == EBUSY && now_ns() - start < END_NS) {
			machine_watchdog();
			usleep(1000);
			continue;
		}
		report("cgroup", path + strlen(CGROUP_ROOT) + 1);
		break;
	}
	return 0;
}

void leftovers_report(void)
{
	char online[sizeof(online_before)];

	end_processes();
	/* A program may have moved the agent: a cgroup with a process in it cannot be removed. */
	file_write(CGROUP_ROOT "/cgroup.procs", "1");
	if (nftw(CGROUP_ROOT, remove_cgroup, MOST_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT))
		fail_errno("leftovers", "removing the cgroups");
	read_online(online, sizeof(online));
	if (strcmp(online, online_before))
		report("cpus", online);
}
