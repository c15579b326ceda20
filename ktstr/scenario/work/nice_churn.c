// SPDX-License-Identifier: GPL-2.0-only
/* nice_churn: does `burst_iters` steps at each nice value from 0 to `most`, over and over. */
#include <ktstr/work.h>

enum { BURST_ITERS, MOST };

static void nice_churn(struct work *work)
{
	for (uint64_t nice = 0; nice <= work_parameter(work, MOST); nice++) {
		work_set_nice((int)nice);
		work_steps(work, work_parameter(work, BURST_ITERS));
	}
}
KTSTR_WORK(nice_churn, nice_churn, "burst_iters", "most");
