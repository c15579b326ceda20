// SPDX-License-Identifier: GPL-2.0-only
/* scheduler TIMEOUT_NS PROGRAM ARGUMENT...: starts the test's scheduler and waits until it is enabled. */
#include <ktstr/operation.h>

#include "agent.h"
#include "held.h"

static bool scheduler(const struct arguments *arguments)
{
	const struct command *command = command_keep(COMMAND_OF_TEST, arguments_from(arguments, "program"),
						     argument_u64(arguments, "timeout_ns"));

	scheduler_start(&agent.scheduler, command);
	if (agent.scheduler.lost)
		return false;
	held_take();
	return true;
}
KTSTR_OPERATION(scheduler, "timeout_ns:u64 program argument...", scheduler);
