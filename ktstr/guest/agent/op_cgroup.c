// SPDX-License-Identifier: GPL-2.0-only
/* cgroup NAME CPUSET: makes a cgroup; CPUSET is a list of CPUs, or - for all. */
#include <ktstr/operation.h>

#include <string.h>

#include "cgroup.h"

static bool cgroup(const struct arguments *arguments)
{
	const char *name = argument_text(arguments, "name"), *cpuset = argument_text(arguments, "cpuset");

	if (!cgroup_make(name))
		operation_refused("mkdir");
	else if (strcmp(cpuset, "-") && !cgroup_write(name, "cpuset.cpus", cpuset))
		operation_refused("cpuset.cpus");
	return true;
}
KTSTR_OPERATION(cgroup, "name cpuset", cgroup);
