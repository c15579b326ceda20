// SPDX-License-Identifier: GPL-2.0-only
/* freeze CGROUP: freezes a cgroup and waits until its tasks have stopped. */
#include <ktstr/operation.h>

#include "cgroup.h"
#include "member.h"

static bool freeze(const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup");

	if (!cgroup_write(cgroup, "cgroup.freeze", "1"))
		operation_refused("cgroup.freeze");
	else if (!cgroup_wait(cgroup, "frozen", 1))
		operation_refused("not all tasks have stopped");
	members_each(cgroup, worker_stopped);
	return true;
}
KTSTR_OPERATION(freeze, "cgroup", freeze);
