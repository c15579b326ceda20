// SPDX-License-Identifier: GPL-2.0-only
/* A scheduler's program that says what its configuration is before it attaches: configured FILE... */
#include "embedded.h"

#include <stdio.h>
#include <unistd.h>

static int tell(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof(line), file))
		printf("%s: %s", path, line);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (tell(argv[i]))
			return 1;
	fflush(stdout);
	if (!attach_embedded())
		return 1;
	for (;;)
		pause();
}
