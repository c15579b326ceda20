// SPDX-License-Identifier: GPL-2.0-only
/* attach SCHEDULER: starts a scheduler (- is the test's own) while none is attached, and waits until it is enabled. */
#include <ktstr/operation.h>

#include "instance.h"

static bool attach(const struct arguments *arguments)
{
	return instance_attach(instance_command(arguments));
}
KTSTR_OPERATION(attach, "scheduler", attach);
