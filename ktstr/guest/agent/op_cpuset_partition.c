// SPDX-License-Identifier: GPL-2.0-only
/* cpuset_partition CGROUP KIND: makes a cgroup's cpuset a partition (root, isolated) or none (member). */
#include <ktstr/operation.h>

#include <errno.h>
#include <string.h>

#include "cgroup.h"

#define FILE_NAME "cpuset.cpus.partition"

static bool cpuset_partition(const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup");
	char now[256];

	if (!cgroup_write(cgroup, FILE_NAME, argument_text(arguments, "kind"))) {
		operation_refused(FILE_NAME);
		return true;
	}
	if (cgroup_read(cgroup, FILE_NAME, now, sizeof(now)) < 0)
		fail_errno("cpuset_partition", FILE_NAME);
	/* The kernel takes a partition that cannot be, and says here why: "root invalid (Cpu list in cpuset.cpus not exclusive)". */
	if (strstr(now, "invalid")) {
		errno = EINVAL;
		operation_refused(now);
	}
	return true;
}
KTSTR_OPERATION(cpuset_partition, "cgroup kind", cpuset_partition);
