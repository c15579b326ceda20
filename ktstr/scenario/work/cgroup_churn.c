// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup_churn: does `burst_iters` steps, moves itself into the next of `cgroups` sibling cgroups, and repeats. They are below
 * the worker's cgroup, whose CPUs and limits they share, and threaded: a thread moves by itself, and tasks may stay above.
 */
#include <ktstr/work.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"
#define SIBLING "/ktstr-churn-"
#define MOST 16
#define PATH 1024
#define RETRY_NS NSEC_PER_MSEC /* after a refusal */

enum { BURST_ITERS, CGROUPS };

struct churn {
	unsigned int open;	/* how many of the siblings it can move into; all, or none yet */
	unsigned int next;
	int threads[MOST];	/* their cgroup.threads */
};

static bool put(const char *folder, const char *file, const char *text)
{
	char path[PATH + 64];
	bool written;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) >= 0;
	close(fd);
	return written;
}

/* The folder of the worker's cgroup; if that is one of the siblings, of the one above them. */
static void own_folder(char folder[static PATH])
{
	char line[PATH - sizeof(ROOT)] = "", *sibling;
	FILE *file = fopen("/proc/thread-self/cgroup", "re");

	if (!file)
		fail_errno("worker", "/proc/thread-self/cgroup");
	while (fgets(line, sizeof(line), file) && strncmp(line, "0::", 3))
		;
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "0::", 3))
		fail("worker", "/proc/thread-self/cgroup names no cgroup of version 2");
	sibling = strstr(line, SIBLING);
	if (sibling)
		*sibling = '\0';
	snprintf(folder, PATH, ROOT "%s", line + 3);
}

/* Makes a sibling, if no other worker has; its cgroup.threads, or -1 if the scheduler or the kernel refuses. */
static int sibling_open(const char *folder, unsigned int number)
{
	char path[PATH + 128];
	size_t length = (size_t)snprintf(path, PATH + 64, "%s" SIBLING "%u", folder, number);

	if ((mkdir(path, 0755) && errno != EEXIST) || !put(path, "cgroup.type", "threaded"))
		return -1;
	snprintf(path + length, sizeof(path) - length, "/cgroup.threads");
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void churn_close(struct churn *churn)
{
	while (churn->open)
		close(churn->threads[--churn->open]);
}

static bool churn_open(struct work *work, struct churn *churn)
{
	unsigned int count = (unsigned int)work_parameter(work, CGROUPS);
	char folder[PATH];

	own_folder(folder);
	for (; churn->open < count; churn->open++) {
		churn->threads[churn->open] = sibling_open(folder, churn->open);
		if (churn->threads[churn->open] < 0)
			return false;
	}
	/* Without the cpu controller a scheduler is told of no move. A plan that took it away wants that. */
	put(folder, "cgroup.subtree_control", "+cpu");
	churn->next = (unsigned int)(work_random(work) % count);
	return true;
}

static void cgroup_churn(struct work *work)
{
	struct churn *churn = work_memory(work, sizeof(*churn));

	work_steps(work, work_parameter(work, BURST_ITERS));
	/* 0 is the thread that writes. */
	if ((churn->open || churn_open(work, churn)) && write(churn->threads[churn->next], "0", 1) == 1) {
		churn->next = (churn->next + 1) % churn->open;
		work_note(work);
		return;
	}
	/* It was refused, or the plan has moved the worker to another cgroup. */
	churn_close(churn);
	work_sleep(work, RETRY_NS);
}
KTSTR_WORK(cgroup_churn, cgroup_churn, "burst_iters", "cgroups");
