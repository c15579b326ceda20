// SPDX-License-Identifier: GPL-2.0-only
/* mixed: computes for `burst_ns`, then yields. Between spinning and yielding. */
#include <ktstr/work.h>

enum { BURST_NS };

static void mixed(struct work *work)
{
	work_burst(work, work_parameter(work, BURST_NS));
	work_yield(work);
}
KTSTR_WORK(mixed, mixed, "burst_ns");
