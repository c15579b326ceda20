// SPDX-License-Identifier: GPL-2.0-only
/*
 * fan_out: one worker does `burst_iters` steps, wakes `woken` others one by one, each by a futex of its own, and waits until
 * all have done as many.
 */
#include <ktstr/work.h>

enum { WOKEN, BURST_ITERS };

static void fan_out(struct work *work)
{
	uint64_t *left = &work_line(work, 0)->value;

	if (work_place(work)) {
		work_await(work);
		work_steps(work, work_parameter(work, BURST_ITERS));
		if (!__atomic_sub_fetch(left, 1, __ATOMIC_ACQ_REL))
			work_post(work, 0);
		return;
	}
	work_steps(work, work_parameter(work, BURST_ITERS));
	__atomic_store_n(left, work_group_size(work) - 1, __ATOMIC_RELEASE);
	for (unsigned int place = 1; place < work_group_size(work); place++)
		work_post(work, place);
	work_await(work);
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, WOKEN) + 1;
}
KTSTR_GROUP_WORK(fan_out, fan_out, size, "woken", "burst_iters");
