// SPDX-License-Identifier: GPL-2.0-only
/* futex_ping_pong: two workers take turns: each does `burst_iters` steps, wakes the other by a futex, and waits for it. */
#include <ktstr/work.h>

enum { BURST_ITERS };

static void futex_ping_pong(struct work *work)
{
	bool first = !work_place(work);

	if (!first)
		work_await(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_post(work, first);
	if (first)
		work_await(work);
}
KTSTR_GROUP_WORK(futex_ping_pong, futex_ping_pong, work_two, "burst_iters");
