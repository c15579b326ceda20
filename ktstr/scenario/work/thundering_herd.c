// SPDX-License-Identifier: GPL-2.0-only
/*
 * thundering_herd: one worker does `burst_iters` steps and wakes `herd` others at once, which wait on one futex; it waits
 * until all have done as many.
 */
#include <ktstr/work.h>

enum { HERD, BURST_ITERS };

/* The futex is in the line of place 1, because that of place 0 is the waker's own. */
static void stampede(struct work *work)
{
	uint64_t *runs = &work_line(work, work_place(work))->value;
	uint64_t *left = &work_line(work, 0)->value;

	work_wait_while(work, work_line(work, 1), (uint32_t)*runs);
	++*runs;
	work_steps(work, work_parameter(work, BURST_ITERS));
	if (!__atomic_sub_fetch(left, 1, __ATOMIC_ACQ_REL))
		work_post(work, 0);
}

static void thundering_herd(struct work *work)
{
	if (work_place(work)) {
		stampede(work);
		return;
	}
	work_steps(work, work_parameter(work, BURST_ITERS));
	__atomic_store_n(&work_line(work, 0)->value, work_group_size(work) - 1, __ATOMIC_RELEASE);
	work_wake_all(work, work_line(work, 1));
	work_await(work);
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, HERD) + 1;
}
KTSTR_GROUP_WORK(thundering_herd, thundering_herd, size, "herd", "burst_iters");
