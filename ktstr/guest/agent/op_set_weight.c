// SPDX-License-Identifier: GPL-2.0-only
/* set_weight CGROUP WEIGHT: sets cpu.weight. */
#include <ktstr/operation.h>

#include "cgroup.h"

static bool set_weight(const struct arguments *arguments)
{
	if (!cgroup_write(argument_text(arguments, "cgroup"), "cpu.weight", argument_text(arguments, "weight")))
		operation_refused("cpu.weight");
	return true;
}
KTSTR_OPERATION(set_weight, "cgroup weight:u32", set_weight);
