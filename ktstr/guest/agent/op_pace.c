// SPDX-License-Identifier: GPL-2.0-only
/* pace MODE COUNT: bounds the time slice of a vCPU, by the machine's timer. */
#include <ktstr/operation.h>

#include "machine.h"

static bool pace(const struct arguments *arguments)
{
	uint32_t mode = argument_u32(arguments, "mode"), count = argument_u32(arguments, "count");

	if (mode < 2 || mode > 3)
		argument_refuse(arguments, "mode", "must be 2 or 3");
	if (count < 2 || count > 65535)
		argument_refuse(arguments, "count", "must be from 2 to 65535");
	machine_time_slice(mode, count);
	return true;
}
KTSTR_OPERATION(pace, "mode:u32 count:u32", pace);
