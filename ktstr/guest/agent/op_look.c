// SPDX-License-Identifier: GPL-2.0-only
/* look: after a hold, which has had the kernel write its debug dump: reports what the flight recorder had by then. */
#include <ktstr/operation.h>

#include "recorder.h"

static bool look(const struct arguments *arguments)
{
	(void)arguments;
	recorder_look();
	return true;
}
KTSTR_OPERATION(look, "", look);
