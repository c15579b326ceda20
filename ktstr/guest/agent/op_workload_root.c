// SPDX-License-Identifier: GPL-2.0-only
/* workload_root CGROUP: makes a cgroup, in which all others are made from now on. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool workload_root(const struct arguments *arguments)
{
	if (!cgroup_workload_root(argument_text(arguments, "cgroup")))
		fail_errno("workload_root", argument_text(arguments, "cgroup"));
	return true;
}
KTSTR_OPERATION(workload_root, "cgroup", workload_root);
