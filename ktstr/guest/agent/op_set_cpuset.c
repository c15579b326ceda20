// SPDX-License-Identifier: GPL-2.0-only
/* set_cpuset CGROUP CPUS: confines a cgroup to a list of CPUs. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool set_cpuset(const struct arguments *arguments)
{
	if (!cgroup_write(argument_text(arguments, "cgroup"), "cpuset.cpus", argument_text(arguments, "cpus")))
		operation_refused("cpuset.cpus");
	return true;
}
KTSTR_OPERATION(set_cpuset, "cgroup cpus", set_cpuset);
