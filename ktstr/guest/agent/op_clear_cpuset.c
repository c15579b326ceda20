// SPDX-License-Identifier: GPL-2.0-only
/* clear_cpuset CGROUP: takes a cgroup's cpuset away. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool clear_cpuset(const struct arguments *arguments)
{
	/* write(2) of no bytes would not reach the kernel's parser. */
	if (!cgroup_write(argument_text(arguments, "cgroup"), "cpuset.cpus", "\n"))
		operation_refused("cpuset.cpus");
	return true;
}
KTSTR_OPERATION(clear_cpuset, "cgroup", clear_cpuset);
