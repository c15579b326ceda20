// SPDX-License-Identifier: GPL-2.0-only
/* snapshot TITLE: reports the contents of the attached scheduler's maps, at this moment. */
#include <ktstr/operation.h>

#include "dump.h"

static bool snapshot(const struct arguments *arguments)
{
	dump_snapshot(argument_text(arguments, "title"));
	return true;
}
KTSTR_OPERATION(snapshot, "title", snapshot);
