// SPDX-License-Identifier: GPL-2.0-only
/* run TIMEOUT_NS PROGRAM ARGUMENT...: runs a program that is not a scheduler to its end. */
#include <ktstr/operation.h>

#include "agent.h"

static bool run(const struct arguments *arguments)
{
	scheduler_run(&agent.scheduler, arguments_from(arguments, "program"), argument_u64(arguments, "timeout_ns"));
	return true;
}
KTSTR_OPERATION(run, "timeout_ns:u64 program argument...", run);
