// SPDX-License-Identifier: GPL-2.0-only
/* set_controllers CGROUP CONTROLLER...: those directly below a cgroup have these of cpu and cpuset, and the others not. */
#include <ktstr/operation.h>

#include <string.h>

#include "cgroup.h"

static bool set_controllers(const struct arguments *arguments)
{
	bool cpu = false, cpuset = false;

	for (char *const *one = arguments_from(arguments, "controller"); *one; one++) {
		if (!strcmp(*one, "cpu"))
			cpu = true;
		else if (!strcmp(*one, "cpuset"))
			cpuset = true;
		else
			argument_refuse(arguments, "controller", "must be cpu or cpuset");
	}
	if (!cgroup_give(argument_text(arguments, "cgroup"), cpu, cpuset))
		operation_refused("cgroup.subtree_control");
	return true;
}
KTSTR_OPERATION(set_controllers, "cgroup controller...", set_controllers);
