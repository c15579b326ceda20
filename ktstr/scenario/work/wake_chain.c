// SPDX-License-Identifier: GPL-2.0-only
/* wake_chain: `length` workers in a ring: each does `burst_iters` steps, wakes the next by a futex, and waits for its turn. */
#include <ktstr/work.h>

enum { LENGTH, BURST_ITERS };

static void wake_chain(struct work *work)
{
	unsigned int place = work_place(work);

	if (place)
		work_await(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_post(work, (place + 1) % work_group_size(work));
	if (!place)
		work_await(work);
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, LENGTH);
}
KTSTR_GROUP_WORK(wake_chain, wake_chain, size, "length", "burst_iters");
