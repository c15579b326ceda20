// SPDX-License-Identifier: GPL-2.0-only
/* watchdog MS: the kernel ejects a scheduler that is started later if it leaves a task waiting for so long. */
#include <ktstr/operation.h>

#include "watchdog.h"

static bool watchdog(const struct arguments *arguments)
{
	watchdog_set(argument_u32(arguments, "ms"));
	return true;
}
KTSTR_OPERATION(watchdog, "ms:u32", watchdog);
