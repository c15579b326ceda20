// SPDX-License-Identifier: GPL-2.0-only
#include "functions.h"

#include <stdlib.h>

#include "out.h"

static struct {
	struct function *all;
	size_t count;
} functions;

bool functions_read(const char *text)
{
	char *end;

	while (*text) {
		uint64_t address = strtoull(text, &end, 16);
		struct function *all;

		if (end == text || (*end && *end != ':') ||
		    (functions.count && address <= functions.all[functions.count - 1].address))
			return false;
		all = realloc(functions.all, (functions.count + 1) * sizeof(*all));
		if (!all)
			return false;
		functions.all = all;
		all[functions.count++] = (struct function){ .address = address };
		text = *end ? end + 1 : end;
	}
	return true;
}

static int compared(const void *key, const void *element)
{
	uint64_t address = *(const uint64_t *)key, other = ((const struct function *)element)->address;

	return address < other ? -1 : address > other;
}

struct function *function_at(uint64_t address)
{
	if (!functions.count)
		return NULL;
	return bsearch(&address, functions.all, functions.count, sizeof(*functions.all), compared);
}

void functions_write(void)
{
	out_part(PART_FUNCTIONS, functions.count * sizeof(*functions.all));
	out_put(functions.all, functions.count * sizeof(*functions.all));
}
