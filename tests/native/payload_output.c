// SPDX-License-Identifier: GPL-2.0-only
/* What the agent keeps and reports of standard input, as if so many payloads had printed it. */
#include "output.h"

#include <ktstr/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Through a pipe, a piece at a time, as the agent's looks find it. */
static void pass_on(struct output *output, const char *data, size_t length)
{
	int end = output_open(output);

	while (length) {
		ssize_t put = write(end, data, length < 65536 ? length : 65536);

		if (put <= 0)
			exit(1);
		data += put;
		length -= (size_t)put;
		output_drain(output);
	}
	close(end);
	output_drain(output);
}

int main(int argc, char **argv)
{
	static char data[2 * 1024 * 1024];
	size_t length = fread(data, 1, sizeof(data), stdin);

	for (int i = 0; argc > 1 && i < atoi(argv[1]); i++) {
		struct output output;
		char name[32];

		pass_on(&output, data, length);
		snprintf(name, sizeof(name), "p%d", i);
		output_report(&output, name, "stdout");
	}
	return 0;
}
