// SPDX-License-Identifier: GPL-2.0-only
/* kill_payload NAME SIGNAL GRACE_NS: sends the signal to the program, and kills its whole tree once it has ended, or in time. */
#include <ktstr/operation.h>

#include "payload.h"

static bool kill_payload(const struct arguments *arguments)
{
	payload_kill(argument_text(arguments, "name"), (int)argument_u32(arguments, "signal"),
		     argument_u64(arguments, "grace_ns"));
	return true;
}
KTSTR_OPERATION(kill_payload, "name signal:u32 grace_ns:u64", kill_payload);
