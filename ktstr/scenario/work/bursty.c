// SPDX-License-Identifier: GPL-2.0-only
/* bursty: computes for `burst_ns`, then sleeps for `sleep_ns`. */
#include <ktstr/work.h>

enum { BURST_NS, SLEEP_NS };

static void bursty(struct work *work)
{
	work_burst(work, work_parameter(work, BURST_NS));
	work_sleep(work, work_parameter(work, SLEEP_NS));
}
KTSTR_WORK(bursty, bursty, "burst_ns", "sleep_ns");
