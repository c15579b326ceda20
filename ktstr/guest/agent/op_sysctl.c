// SPDX-License-Identifier: GPL-2.0-only
/* sysctl PATH VALUE: writes the value; the path is below /proc/sys. */
#include <ktstr/operation.h>

#include <stdio.h>

#include "files.h"

static bool sysctl(const struct arguments *arguments)
{
	const char *name = argument_text(arguments, "path");
	char path[256];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!file_write(path, argument_text(arguments, "value")))
		fail_errno("sysctl", name);
	return true;
}
KTSTR_OPERATION(sysctl, "path value", sysctl);
