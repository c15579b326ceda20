// SPDX-License-Identifier: GPL-2.0-only
/* unlocked: the kernel is not locked down for the programs that are started from here on. */
#include <ktstr/operation.h>

#include "confine.h"

static bool unlocked(const struct arguments *arguments)
{
	(void)arguments;
	confine_unlocked();
	return true;
}
KTSTR_OPERATION(unlocked, "", unlocked);
