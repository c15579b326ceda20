// SPDX-License-Identifier: GPL-2.0-only
/* attach_over SCHEDULER: starts a scheduler while another one is attached, which the kernel refuses. */
#include <ktstr/operation.h>

#include "instance.h"

static bool attach_over(const struct arguments *arguments)
{
	instance_attach_over(instance_command(arguments));
	return true;
}
KTSTR_OPERATION(attach_over, "scheduler", attach_over);
