// SPDX-License-Identifier: GPL-2.0-only
/* trace: records the context switches of the next hold. */
#include <ktstr/operation.h>

#include "trace.h"

static bool trace(const struct arguments *arguments)
{
	(void)arguments;
	trace_start();
	return true;
}
KTSTR_OPERATION(trace, "", trace);
