// SPDX-License-Identifier: GPL-2.0-only
/* at NS OPERATION ARGUMENT...: carries out the operation NS after the next hold begins. */
#include <ktstr/operation.h>

#include <string.h>

#include "queue.h"

/* What shapes the plan itself, or has a time of its own, cannot wait for one. */
static bool may_wait(const char *name)
{
	static const char *const frame[] = { "at",   "hold", "look", "monitor", "phase", "progress", "pace",
					     "seed", "perturb", "perturber" };

	for (size_t i = 0; i < sizeof(frame) / sizeof(*frame); i++)
		if (!strcmp(name, frame[i]))
			return false;
	return true;
}

static bool at(const struct arguments *arguments)
{
	char *const *operation = arguments_from(arguments, "argument") - 1;

	if (!may_wait(argument_text(arguments, "operation")))
		argument_refuse(arguments, "operation", "cannot wait for a time in a hold");
	queue_add(argument_u64(arguments, "ns"), operation);
	return true;
}
KTSTR_OPERATION(at, "ns:u64 operation argument...", at);
