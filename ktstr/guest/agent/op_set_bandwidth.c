// SPDX-License-Identifier: GPL-2.0-only
/* set_bandwidth CGROUP QUOTA PERIOD: sets cpu.max, in microseconds; QUOTA may be max. */
#include <ktstr/operation.h>

#include <stdio.h>

#include "cgroup.h"

static bool set_bandwidth(const struct arguments *arguments)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u", argument_text(arguments, "quota_us"), argument_u32(arguments, "period_us"));
	if (!cgroup_write(argument_text(arguments, "cgroup"), "cpu.max", text))
		operation_refused("cpu.max");
	return true;
}
KTSTR_OPERATION(set_bandwidth, "cgroup quota_us period_us:u32", set_bandwidth);
