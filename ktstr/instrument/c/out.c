// SPDX-License-Identifier: GPL-2.0-only
#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD "ktstr-counts-2\n"

static struct {
	FILE *file;
	bool failed;
} out;

bool out_open(const char *path)
{
	out.file = fopen(path, "wb");
	if (out.file)
		out_put(HEAD, strlen(HEAD));
	return out.file;
}

void out_failed(const char *what)
{
	if (!out.failed)
		fprintf(stderr, "ktstr: instrument counts: %s\n", what);
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
