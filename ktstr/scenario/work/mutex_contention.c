// SPDX-License-Identifier: GPL-2.0-only
/* mutex_contention: `contenders` workers share a lock: each does `work_iters` steps without it, and `hold_iters` with it. */
#include <ktstr/work.h>

enum { CONTENDERS, HOLD_ITERS, WORK_ITERS };

static void mutex_contention(struct work *work)
{
	struct work_line *lock = work_line(work, 0);

	work_steps(work, work_parameter(work, WORK_ITERS));
	work_lock(work, lock);
	work_steps(work, work_parameter(work, HOLD_ITERS));
	work_unlock(work, lock);
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, CONTENDERS);
}
KTSTR_GROUP_WORK(mutex_contention, mutex_contention, size, "contenders", "hold_iters", "work_iters");
