// SPDX-License-Identifier: GPL-2.0-only
/* remove_cgroup CGROUP: ends what runs in a cgroup and below it, and removes them. */
#include <ktstr/operation.h>

#include "cgroup.h"
#include "member.h"

static bool remove_cgroup(const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup");

	if (!members_end(cgroup))
		operation_refused("cgroup.kill");
	else if (!cgroup_remove(cgroup))
		operation_refused("rmdir");
	return true;
}
KTSTR_OPERATION(remove_cgroup, "cgroup", remove_cgroup);
