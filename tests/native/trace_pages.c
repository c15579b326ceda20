// SPDX-License-Identifier: GPL-2.0-only
/* The pages of a CPU's buffer on stdin, 4096 bytes each: a line "at cpu prev_pid next_pid comm" for each switch. */
#include "trace_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	/* As 7.0 has them: common fields of 8 bytes, then prev_comm, prev_pid, prev_prio, prev_state, next_comm, next_pid. */
	const struct switch_format format = { .type = 316, .prev_comm = 8, .prev_pid = 24, .next_pid = 56 };
	struct switches switches = { 0 };
	static char read_in[4096];
	size_t got;

	while ((got = fread(read_in, 1, sizeof(read_in), stdin))) {
		char *page = malloc(got); /* of just its size, so that a read beyond it is seen */

		memcpy(page, read_in, got);
		trace_page_parse(&format, page, got, 3, &switches);
		free(page);
	}
	for (size_t i = 0; i < switches.count; i++)
		printf("%" PRIu64 " %u %d %d %.16s\n", switches.all[i].at_ns, switches.all[i].cpu,
		       switches.all[i].prev_pid, switches.all[i].next_pid, switches.all[i].prev_comm);
	printf("lost %" PRIu64 "\n", switches.lost);
	free(switches.all);
	return 0;
}
