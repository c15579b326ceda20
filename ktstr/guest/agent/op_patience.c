// SPDX-License-Identifier: GPL-2.0-only
/* patience: the machine's watchdog gives an agent that a scheduler blocks the time that sched_ext's own takes. */
#include <ktstr/operation.h>

#include "patience.h"

static bool patience(const struct arguments *arguments)
{
	(void)arguments;
	patience_begin();
	return true;
}
KTSTR_OPERATION(patience, "", patience);
