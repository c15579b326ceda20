// SPDX-License-Identifier: GPL-2.0-only
/* dump: reports the contents of the scheduler's maps. */
#include <ktstr/operation.h>

#include "dump.h"

static bool dump(const struct arguments *arguments)
{
	(void)arguments;
	dump_emit("asked");
	return true;
}
KTSTR_OPERATION(dump, "", dump);
