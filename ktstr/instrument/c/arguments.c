// SPDX-License-Identifier: GPL-2.0-only
#include "arguments.h"

#include <string.h>

const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(argument, name, length) && argument[length] == '=' ? argument + length + 1 : NULL;
}
