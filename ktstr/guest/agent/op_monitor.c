// SPDX-License-Identifier: GPL-2.0-only
/*
 * monitor PERIOD_NS WHAT...: samples the holds from here on. WHAT is variable=NAME, file=PATH=NAME or stats=PATH: what is
 * read besides the run queues and the DSQs.
 */
#include <ktstr/operation.h>

#include <stdlib.h>
#include <string.h>

#include "monitor.h"

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

static void add_file(const struct arguments *arguments, const char *what)
{
	const char *equals = strchr(what, '=');
	char *path = equals ? strndup(what, (size_t)(equals - what)) : NULL;

	if (!equals)
		argument_refuse(arguments, "what", "a file has a path and a name");
	if (!path)
		fail_errno("monitor", "memory for a path");
	monitor_add_file(path, equals + 1);
}

static bool monitor(const struct arguments *arguments)
{
	uint64_t period_ns = argument_u64(arguments, "period_ns");

	if (!period_ns)
		argument_refuse(arguments, "period_ns", "must be at least 1");
	monitor_set(period_ns);
	for (char *const *what = arguments_from(arguments, "what"); *what; what++) {
		const char *rest;

		if ((rest = after(*what, "variable=")))
			monitor_add_variable(rest);
		else if ((rest = after(*what, "file=")))
			add_file(arguments, rest);
		else if ((rest = after(*what, "stats=")))
			monitor_add_stats(rest);
		else
			argument_refuse(arguments, "what", "must be variable=, file= or stats=");
	}
	return true;
}
KTSTR_OPERATION(monitor, "period_ns:u64 what...", monitor);
