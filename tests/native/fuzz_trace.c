// SPDX-License-Identifier: GPL-2.0-only
/* The input is a page of the kernel's ring buffer. */
#include "fuzz.h"

#include "trace_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct switch_format format = { .type = 316, .prev_comm = 8, .prev_pid = 24, .next_pid = 56 };
	static struct switches switches;
	char *page = malloc(size ? size : 1);

	memcpy(page, data, size);
	switches.count = 0;
	if (!setjmp(fuzz_end))
		trace_page_parse(&format, page, size, 0, &switches);
	free(page);
	return 0;
}
