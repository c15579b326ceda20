// SPDX-License-Identifier: GPL-2.0-only
/* cache_pressure: goes through a buffer of `kb` KiB in strides of `stride_bytes`, and writes there, over and over. */
#include <ktstr/work.h>

#define TOUCHES 128 /* between two looks at the clock */

enum { KB, STRIDE_BYTES };

struct walk {
	uint64_t at;
	volatile unsigned char buffer[];
};

static void cache_pressure(struct work *work)
{
	uint64_t bytes = work_parameter(work, KB) * 1024, stride = work_parameter(work, STRIDE_BYTES);
	struct walk *walk = work_memory(work, sizeof(*walk) + bytes);

	for (int i = 0; i < TOUCHES; i++) {
		walk->buffer[walk->at]++;
		walk->at = (walk->at + stride) % bytes;
	}
	work_stepped(work);
}
KTSTR_WORK(cache_pressure, cache_pressure, "kb", "stride_bytes");
