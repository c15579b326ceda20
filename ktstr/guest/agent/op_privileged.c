// SPDX-License-Identifier: GPL-2.0-only
/* privileged: programs that are started from here on are not confined. */
#include <ktstr/operation.h>

#include "confine.h"

static bool privileged(const struct arguments *arguments)
{
	(void)arguments;
	confine_none();
	return true;
}
KTSTR_OPERATION(privileged, "", privileged);
