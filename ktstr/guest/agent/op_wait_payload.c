// SPDX-License-Identifier: GPL-2.0-only
/* wait_payload NAME: the hold is over once the payload has ended, at the latest when its time is; then it is killed. */
#include <ktstr/operation.h>

#include "payload.h"

static bool wait_payload(const struct arguments *arguments)
{
	payload_wait(argument_text(arguments, "name"));
	return true;
}
KTSTR_OPERATION(wait_payload, "name", wait_payload);
