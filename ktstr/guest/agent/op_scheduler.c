// SPDX-License-Identifier: GPL-2.0-only
/* scheduler TIMEOUT_NS PROGRAM ARGUMENT...: starts a scheduler and waits until it is enabled. */
#include <ktstr/operation.h>

#include "agent.h"
#include "dump.h"

static bool scheduler(const struct arguments *arguments)
{
	scheduler_start(&agent.scheduler, arguments_from(arguments, "program"), argument_u64(arguments, "timeout_ns"));
	if (agent.scheduler.lost)
		return false;
	dump_hold();
	return true;
}
KTSTR_OPERATION(scheduler, "timeout_ns:u64 program argument...", scheduler);
