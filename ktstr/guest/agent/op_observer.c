// SPDX-License-Identifier: GPL-2.0-only
/* observer FILE WORKERS: counts, from here on, how long every task waits for a CPU and has one; holds report it. */
#include <ktstr/operation.h>

#include "observer.h"

static bool observer(const struct arguments *arguments)
{
	observer_start(argument_text(arguments, "file"), argument_u32(arguments, "workers"));
	return true;
}
KTSTR_OPERATION(observer, "file workers:u32", observer);
