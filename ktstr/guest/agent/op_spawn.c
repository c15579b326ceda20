// SPDX-License-Identifier: GPL-2.0-only
/* spawn CGROUP COUNT TYPE KEY=VALUE...: forks workers of a work type, which wait for the hold. */
#include <ktstr/operation.h>

#include "agent.h"
#include "cgroup.h"
#include "work_parse.h"

static bool spawn(const struct arguments *arguments)
{
	struct work work = work_parse(argument_text(arguments, "type"), arguments_from(arguments, "parameter"));

	if (!cgroup_exists(argument_text(arguments, "cgroup"))) {
		operation_refused("cgroup");
		return true;
	}
	workers_spawn(&agent.workers, argument_text(arguments, "cgroup"), argument_u32(arguments, "count"), &work);
	return true;
}
KTSTR_OPERATION(spawn, "cgroup count:u32 type parameter...", spawn);
