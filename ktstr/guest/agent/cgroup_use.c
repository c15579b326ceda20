// SPDX-License-Identifier: GPL-2.0-only
/* What the tasks of a cgroup use, as the kernel counts it. */
#include "cgroup_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "files.h"

#define LIST_BYTES 65536 /* of a list of tasks; those beyond are not counted */

uint64_t cgroup_cpu_ns(const char *cgroup)
{
	char text[1024];
	const char *field;

	if (cgroup_read(cgroup, "cpu.stat", text, sizeof(text)) <= 0 || !(field = strstr(text, "usage_usec ")))
		return 0;
	return strtoull(field + strlen("usage_usec "), NULL, 10) * 1000;
}

unsigned int cgroup_tasks(const char *cgroup, unsigned int *runnable)
{
	static char threads[LIST_BYTES];
	char path[64], text[512], *rest = threads;
	unsigned int count = 0;

	*runnable = 0;
	if (cgroup_read(cgroup, "cgroup.threads", threads, sizeof(threads)) <= 0)
		return 0;
	for (const char *one; (one = strsep(&rest, "\n"));) {
		const char *name_end;

		count++;
		snprintf(path, sizeof(path), "/proc/%ld/stat", strtol(one, NULL, 10));
		if (file_read(path, text, sizeof(text)) > 0 && (name_end = strrchr(text, ')')))
			*runnable += name_end[1] == ' ' && name_end[2] == 'R';
	}
	return count;
}

unsigned int cgroup_processes(const char *cgroup)
{
	static char procs[LIST_BYTES];
	unsigned int count = 0;

	if (cgroup_read(cgroup, "cgroup.procs", procs, sizeof(procs)) <= 0)
		return 0;
	for (const char *at = procs; at; at = strchr(at + 1, '\n'))
		count++;
	return count;
}
