// SPDX-License-Identifier: GPL-2.0-only
/* cgroups (version 2), with the cpu and cpuset controllers unless the plan takes them away. */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "files.h"
#include "machine.h"

#define FULL_PATH (2 * CGROUP_PATH + 128)
#define CONTROLLERS "+cpu +cpuset"
#define TOP "." /* the workload root, or the root if there is none */

/* A cgroup for which the plan has said which controllers it gives. */
struct told {
	struct told *next;
	char cgroup[CGROUP_PATH];
};

static struct {
	char workload_root[CGROUP_PATH];
	struct told *told;
} state;

static void path_of(char path[static FULL_PATH], const char *cgroup, const char *file)
{
	snprintf(path, FULL_PATH, CGROUP_ROOT "/%s/%s/%s", *cgroup ? state.workload_root : "", cgroup, file);
}

static bool was_told(const char *cgroup)
{
	for (const struct told *one = state.told; one; one = one->next)
		if (!strcmp(one->cgroup, cgroup))
			return true;
	return false;
}

/* Forgets it and those below it. */
static void forget(const char *cgroup)
{
	size_t length = strlen(cgroup);

	for (struct told **one = &state.told; *one;) {
		struct told *gone = *one;

		if (strncmp(gone->cgroup, cgroup, length) || !strchr("/", gone->cgroup[length])) {
			one = &gone->next;
			continue;
		}
		*one = gone->next;
		free(gone);
	}
}

static void remember(const char *cgroup)
{
	struct told *one;

	if (was_told(cgroup))
		return;
	one = malloc(sizeof(*one));
	if (!one)
		fail_errno("cgroup", "memory for a cgroup's controllers");
	snprintf(one->cgroup, sizeof(one->cgroup), "%s", cgroup);
	one->next = state.told;
	state.told = one;
}

void cgroup_setup(void)
{
	if (!file_write(CGROUP_ROOT "/cgroup.subtree_control", CONTROLLERS))
		fail_errno("cgroup", "enabling the cpu and cpuset controllers");
}

static bool write_file(const char *cgroup, const char *file, const char *text)
{
	char path[FULL_PATH];

	path_of(path, cgroup, file);
	return file_write(path, text);
}

bool cgroup_add(const char *cgroup)
{
	char path[FULL_PATH];

	path_of(path, cgroup, "");
	return !mkdir(path, 0755);
}

bool cgroup_make(const char *cgroup)
{
	char part[CGROUP_PATH] = "", parent[CGROUP_PATH] = "";

	for (size_t length = 0; cgroup[length]; snprintf(parent, sizeof(parent), "%s", part)) {
		length += strcspn(cgroup + length + 1, "/") + 1;
		if (length >= sizeof(part)) {
			errno = ENAMETOOLONG;
			return false;
		}
		memcpy(part, cgroup, length);
		part[length] = '\0';
		if (*parent && !was_told(parent) && !write_file(parent, "cgroup.subtree_control", CONTROLLERS))
			return false;
		if (!cgroup_add(part) && (errno != EEXIST || !cgroup[length]))
			return false;
	}
	return true;
}

bool cgroup_exists(const char *cgroup)
{
	char path[FULL_PATH];

	path_of(path, cgroup, "");
	return !access(path, F_OK);
}

int cgroup_open(const char *cgroup)
{
	char path[FULL_PATH];

	path_of(path, cgroup, "");
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool cgroup_workload_root(const char *cgroup)
{
	if (!cgroup_make(cgroup) || !write_file(cgroup, "cgroup.subtree_control", CONTROLLERS))
		return false;
	snprintf(state.workload_root, sizeof(state.workload_root), "%s", cgroup);
	return true;
}

bool cgroup_give(const char *cgroup, bool cpu, bool cpuset)
{
	char text[32];

	snprintf(text, sizeof(text), "%ccpu %ccpuset", cpu ? '+' : '-', cpuset ? '+' : '-');
	if (!write_file(*cgroup ? cgroup : TOP, "cgroup.subtree_control", text))
		return false;
	remember(cgroup);
	return true;
}

/* Gives the controller of `file` to a cgroup, from the root on. */
static bool provide(const char *cgroup, const char *file)
{
	char text[32], part[CGROUP_PATH];

	snprintf(text, sizeof(text), "+%.*s", (int)strcspn(file, "."), file);
	if (!write_file("", "cgroup.subtree_control", text) || !write_file(TOP, "cgroup.subtree_control", text))
		return false;
	for (const char *slash = strchr(cgroup, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - cgroup), cgroup);
		if (!write_file(part, "cgroup.subtree_control", text))
			return false;
	}
	return true;
}

bool cgroup_write(const char *cgroup, const char *file, const char *text)
{
	bool extra = strncmp(file, "cpu", 3) && strncmp(file, "cgroup.", 7);

	if (write_file(cgroup, file, text))
		return true;
	if (errno != ENOENT || !cgroup_exists(cgroup))
		return false;
	if (extra)
		return provide(cgroup, file) && write_file(cgroup, file, text);
	errno = EOPNOTSUPP;
	return false;
}

ssize_t cgroup_read(const char *cgroup, const char *file, char *text, size_t size)
{
	char path[FULL_PATH];

	ssize_t length;

	path_of(path, cgroup, file);
	length = file_read(path, text, size);
	if (length < 0 && errno == ENOENT && cgroup_exists(cgroup))
		errno = EOPNOTSUPP;
	return length;
}

/* Sleeps a little; false once `start` is too long ago. */
static bool wait_on(uint64_t start)
{
	if (now_ns() - start >= CGROUP_WAIT_NS)
		return false;
	machine_watchdog();
	usleep(1000);
	return true;
}

bool cgroup_wait(const char *cgroup, const char *key, unsigned int value)
{
	char wanted[64], text[256] = "\n";
	uint64_t start = now_ns();

	snprintf(wanted, sizeof(wanted), "\n%s %u\n", key, value);
	do {
		ssize_t length = cgroup_read(cgroup, "cgroup.events", text + 1, sizeof(text) - 2);

		if (length < 0)
			return false;
		memcpy(text + 1 + length, "\n", 2);
		if (strstr(text, wanted))
			return true;
	} while (wait_on(start));
	errno = ETIMEDOUT;
	return false;
}

bool cgroup_is_frozen(const char *cgroup)
{
	char part[CGROUP_PATH], text[16];

	for (size_t length = 0; cgroup[length];) {
		length += strcspn(cgroup + length + 1, "/") + 1;
		snprintf(part, sizeof(part), "%.*s", (int)length, cgroup);
		if (cgroup_read(part, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1')
			return true;
	}
	return false;
}

/* Removes what is below a folder and then itself; a task may take a moment to be gone after it was killed. */
static bool remove_folder(const char *path, uint64_t start)
{
	DIR *folder = opendir(path);
	char below[FULL_PATH];
	struct dirent *entry;
	bool done = true;

	if (!folder)
		return false;
	while (done && (entry = readdir(folder))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= sizeof(below)) {
			errno = ENAMETOOLONG;
			done = false;
		} else {
			done = remove_folder(below, start);
		}
	}
	closedir(folder);
	while (done && rmdir(path))
		done = errno == EBUSY && wait_on(start);
	return done;
}

bool cgroup_remove(const char *cgroup)
{
	char path[FULL_PATH];

	path_of(path, cgroup, "");
	forget(cgroup);
	return remove_folder(path, now_ns());
}

bool cgroup_move(const char *cgroup, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return write_file(cgroup, "cgroup.procs", text);
}

void cgroup_attach(const char *cgroup, pid_t pid)
{
	if (!cgroup_move(cgroup, pid))
		fail_errno("cgroup.procs", cgroup);
}
