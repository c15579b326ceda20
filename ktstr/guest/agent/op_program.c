// SPDX-License-Identifier: GPL-2.0-only
/* program NAME TIMEOUT_NS PROGRAM ARGUMENT...: how a declared scheduler is started, for the operations that name it. */
#include <ktstr/operation.h>

#include "command.h"

static bool program(const struct arguments *arguments)
{
	command_keep(argument_text(arguments, "scheduler"), arguments_from(arguments, "command"),
		     argument_u64(arguments, "timeout_ns"));
	return true;
}
KTSTR_OPERATION(program, "scheduler timeout_ns:u64 command...", program);
