// SPDX-License-Identifier: GPL-2.0-only
/* set_idle CGROUP IDLE: sets cpu.idle to 1 or 0. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool set_idle(const struct arguments *arguments)
{
	if (!cgroup_write(argument_text(arguments, "cgroup"), "cpu.idle", argument_text(arguments, "idle")))
		operation_refused("cpu.idle");
	return true;
}
KTSTR_OPERATION(set_idle, "cgroup idle:u32", set_idle);
