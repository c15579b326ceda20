// SPDX-License-Identifier: GPL-2.0-only
#include "args.h"

#include <stdlib.h>
#include <string.h>

bool args_take(struct args *args, const char *argument)
{
	const char *value;

	if ((value = value_of(argument, "out")))
		args->out = value;
	else if ((value = value_of(argument, "from")))
		args->from = strtoull(value, NULL, 16);
	else if ((value = value_of(argument, "to")))
		args->to = strtoull(value, NULL, 16);
	else if ((value = value_of(argument, "layout")))
		args->layout = value;
	return value;
}

const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(argument, name, length) && argument[length] == '=' ? argument + length + 1 : NULL;
}

bool numbers_read(const char *text, uint64_t *numbers, size_t count)
{
	char *end;

	for (size_t i = 0; i < count; i++) {
		numbers[i] = strtoull(text, &end, 0);
		if (end == text || *end != (i + 1 < count ? ':' : '\0'))
			return false;
		text = end + 1;
	}
	return true;
}
