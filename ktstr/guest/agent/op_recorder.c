// SPDX-License-Identifier: GPL-2.0-only
/* recorder: the kernel's tracer keeps the last scheduling events of every CPU from here on. */
#include <ktstr/operation.h>

#include "recorder.h"

static bool recorder(const struct arguments *arguments)
{
	(void)arguments;
	recorder_start();
	return true;
}
KTSTR_OPERATION(recorder, "", recorder);
