// SPDX-License-Identifier: GPL-2.0-only
/* suspend NS: freezes all tasks as a suspend does, and wakes after so many guest ns. */
#include <ktstr/operation.h>

#include "suspend.h"

static bool suspend(const struct arguments *arguments)
{
	suspend_for(argument_u64(arguments, "ns"));
	return true;
}
KTSTR_OPERATION(suspend, "ns:u64", suspend);
