// SPDX-License-Identifier: GPL-2.0-only
#include "moments.h"

#include "out.h"

#define AT_ONCE 4096

static struct {
	struct moment moments[AT_ONCE];
	unsigned int count;
} open;

void moments_write(void)
{
	if (!open.count)
		return;
	out_part(PART_EVENTS, open.count * sizeof(*open.moments));
	out_put(open.moments, open.count * sizeof(*open.moments));
	open.count = 0;
}

void moment_add(const struct moment *moment)
{
	if (open.count == AT_ONCE)
		moments_write();
	open.moments[open.count++] = *moment;
}
