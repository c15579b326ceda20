// SPDX-License-Identifier: GPL-2.0-only
/* cgroups (version 2) with the cpu and cpuset controllers. */
#include "cgroup.h"

#include <stdio.h>
#include <sys/stat.h>

#include <ktstr/event.h>

#include "files.h"

void cgroup_setup(void)
{
	if (!file_write(CGROUP_ROOT "/cgroup.subtree_control", "+cpu +cpuset"))
		fail_errno("cgroup", "enabling the cpu and cpuset controllers");
}

void cgroup_add(const char *name, const char *cpuset)
{
	char path[256];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s", name);
	if (mkdir(path, 0755))
		fail_errno("cgroup", name);
	if (cpuset[0] == '-' && !cpuset[1])
		return;
	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/cpuset.cpus", name);
	if (!file_write(path, cpuset))
		fail_errno("cgroup cpuset.cpus", cpuset);
}

void cgroup_attach(const char *name, pid_t pid)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/cgroup.procs", name);
	snprintf(text, sizeof(text), "%d", pid);
	if (!file_write(path, text))
		fail_errno("cgroup.procs", name);
}
