// SPDX-License-Identifier: GPL-2.0-only
/* stride: touches memory `bytes` apart, `touches` times between two looks at the clock. */
#include <ktstr/work.h>

#define MEMORY_BYTES (1U << 20)

enum { BYTES, TOUCHES };

static void stride(struct work *work)
{
	static volatile unsigned char memory[MEMORY_BYTES];
	uint64_t at = 0;

	for (uint64_t i = 0; i < work_parameter(work, TOUCHES); i++) {
		memory[at]++;
		at = (at + work_parameter(work, BYTES)) % MEMORY_BYTES;
	}
	work_count(work);
	work_look(work);
}
KTSTR_WORK(stride, stride, "bytes=64", "touches");
