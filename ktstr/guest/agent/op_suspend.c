// SPDX-License-Identifier: GPL-2.0-only
/* suspend SECONDS: suspends to idle up to the frozen tasks, and wakes after so many guest seconds. */
#include <ktstr/operation.h>

#include "suspend.h"

static bool suspend(const struct arguments *arguments)
{
	suspend_for(argument_u32(arguments, "seconds"));
	return true;
}
KTSTR_OPERATION(suspend, "seconds:u32", suspend);
