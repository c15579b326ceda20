// SPDX-License-Identifier: GPL-2.0-only
#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
	FILE *file;
	const char *instrument;
	bool failed;
} out = { .instrument = "?" };

bool out_open(const char *path, const char *instrument, const char *head)
{
	out.instrument = instrument;
	out.file = fopen(path, "wb");
	if (out.file)
		out_put(head, strlen(head));
	return out.file;
}

void out_failed(const char *what)
{
	if (!out.failed)
		fprintf(stderr, "ktstr: instrument %s: %s\n", out.instrument, what);
	out.failed = true;
}

void out_put(const void *data, size_t size)
{
	if (fwrite(data, 1, size, out.file) != size)
		out_failed(strerror(errno));
}

void out_part(enum part part, uint64_t size)
{
	uint64_t head[2] = { part, size };

	out_put(head, sizeof(head));
}

void out_close(void)
{
	if (!out.failed)
		out_part(PART_END, 0);
	if (fclose(out.file))
		out_failed(strerror(errno));
}
