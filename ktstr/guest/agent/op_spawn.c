// SPDX-License-Identifier: GPL-2.0-only
/*
 * spawn CGROUP COUNT TYPE KEY=VALUE... +SETTING=VALUE...: forks workers of a work type into a cgroup, of which an empty name
 * is the root. They wait for the hold.
 */
#include <ktstr/operation.h>

#include "agent.h"
#include "cgroup.h"
#include "group.h"
#include "work_parse.h"

static bool spawn(const struct arguments *arguments)
{
	char *const *words = arguments_from(arguments, "parameter");
	struct work work = work_parse(argument_text(arguments, "type"), words);
	struct worker_settings settings = worker_settings_parse(work.policy, words);

	group_check(&work, argument_u32(arguments, "count"));
	if (!cgroup_exists(argument_text(arguments, "cgroup"))) {
		operation_refused("cgroup");
		return true;
	}
	workers_spawn(&agent.workers, argument_text(arguments, "cgroup"), argument_u32(arguments, "count"), &work,
		      &settings);
	return true;
}
KTSTR_OPERATION(spawn, "cgroup count:u32 type parameter...", spawn);
