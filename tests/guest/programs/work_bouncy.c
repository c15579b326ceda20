// SPDX-License-Identifier: GPL-2.0-only
/* bouncy: computes for `burst_ns`, then yields `yields` times. */
#include <ktstr/work.h>

enum { BURST_NS, YIELDS };

static void bouncy(struct work *work)
{
	work_burst(work, work_parameter(work, BURST_NS));
	for (uint64_t i = 0; i < work_parameter(work, YIELDS); i++)
		work_yield(work);
}
KTSTR_WORK(bouncy, bouncy, "burst_ns", "yields=1");
