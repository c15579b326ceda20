// SPDX-License-Identifier: GPL-2.0-only
/* stop_cgroup CGROUP: ends what runs in a cgroup and below it. */
#include <ktstr/operation.h>

#include "member.h"

static bool stop_cgroup(const struct arguments *arguments)
{
	if (!members_end(argument_text(arguments, "cgroup")))
		operation_refused("cgroup.kill");
	return true;
}
KTSTR_OPERATION(stop_cgroup, "cgroup", stop_cgroup);
