// SPDX-License-Identifier: GPL-2.0-only
/* thaw CGROUP: lets the tasks of a frozen cgroup go on. */
#include <ktstr/operation.h>

#include "cgroup.h"
#include "member.h"

static bool thaw(const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup");

	members_each(cgroup, worker_continues);
	if (!cgroup_write(cgroup, "cgroup.freeze", "0"))
		operation_refused("cgroup.freeze");
	return true;
}
KTSTR_OPERATION(thaw, "cgroup", thaw);
