// SPDX-License-Identifier: GPL-2.0-only
/* replace_scheduler SCHEDULER: stops the attached scheduler and starts another one; the kernel takes only one. */
#include <ktstr/operation.h>

#include "instance.h"

static bool replace_scheduler(const struct arguments *arguments)
{
	const struct command *command = instance_command(arguments);

	return instance_detach() && instance_attach(command);
}
KTSTR_OPERATION(replace_scheduler, "scheduler", replace_scheduler);
