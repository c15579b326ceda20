// SPDX-License-Identifier: GPL-2.0-only
/* pipe_io: two workers take turns: each does `burst_iters` steps, wakes the other through a pipe, and waits for it. */
#include <ktstr/work.h>

enum { BURST_ITERS };

static void turn(struct work *work)
{
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_wake(work);
}

static void pipe_io(struct work *work)
{
	if (!work_is_first(work))
		work_wait(work);
	turn(work);
	if (work_is_first(work))
		work_wait(work);
}
KTSTR_PAIRED_WORK(pipe_io, pipe_io, "burst_iters");
