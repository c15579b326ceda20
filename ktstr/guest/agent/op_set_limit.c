// SPDX-License-Identifier: GPL-2.0-only
/* set_limit CGROUP FILE VALUE: writes a limit, such as pids.max; VALUE may be max. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool set_limit(const struct arguments *arguments)
{
	const char *file = argument_text(arguments, "file");

	if (!cgroup_write(argument_text(arguments, "cgroup"), file, argument_text(arguments, "value")))
		operation_refused(file);
	return true;
}
KTSTR_OPERATION(set_limit, "cgroup file value", set_limit);
