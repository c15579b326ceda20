// SPDX-License-Identifier: GPL-2.0-only
/* cgroup NAME CPUSET: makes a cgroup; CPUSET is a list of CPUs, or - for all. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool cgroup(const struct arguments *arguments)
{
	cgroup_add(argument_text(arguments, "name"), argument_text(arguments, "cpuset"));
	return true;
}
KTSTR_OPERATION(cgroup, "name cpuset", cgroup);
