// SPDX-License-Identifier: GPL-2.0-only
/*
 * asymmetric_waker: one worker computes for `waker_ns`, wakes the other, and computes on; the other does `woken_iters` steps
 * and sleeps until it is woken again. With `sync` the wakeup is one through a pipe, which says that the waker is about to
 * sleep, and this one does not.
 */
#include <ktstr/work.h>

enum { WAKER_NS, WOKEN_ITERS, SYNC };

static void wake(struct work *work)
{
	uint64_t *pending = &work_line(work, 1)->value;

	if (!work_parameter(work, SYNC))
		work_post(work, 1);
	else if (!__atomic_exchange_n(pending, 1, __ATOMIC_ACQ_REL))
		/* One at a time: the waker must never sleep because the pipe is full. */
		work_wake(work);
}

static void asymmetric_waker(struct work *work)
{
	if (work_is_first(work)) {
		work_burst(work, work_parameter(work, WAKER_NS));
		wake(work);
		return;
	}
	if (work_parameter(work, SYNC)) {
		work_wait(work);
		__atomic_store_n(&work_line(work, 1)->value, 0, __ATOMIC_RELEASE);
	} else {
		work_await(work);
	}
	work_steps(work, work_parameter(work, WOKEN_ITERS));
}
KTSTR_PAIRED_WORK(asymmetric_waker, asymmetric_waker, "waker_ns", "woken_iters", "sync");
