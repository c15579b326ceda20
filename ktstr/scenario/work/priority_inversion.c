// SPDX-License-Identifier: GPL-2.0-only
/*
 * priority_inversion: a worker of nice 19 holds a lock for `hold_ns` of its work, sleeps for `pause_ns`, and repeats; one of
 * nice -20 takes the lock for a step, and sleeps as long; `spinners` of nice 0 compute, and keep the first from its CPU.
 */
#include <ktstr/work.h>

enum { SPINNERS, HOLD_NS, PAUSE_NS };
enum { LOW, HIGH };

static void rank(struct work *work)
{
	uint64_t *ranked = &work_line(work, work_place(work))->value;
	static const int nices[] = { [LOW] = 19, [HIGH] = -20 };

	if (!*ranked)
		work_set_nice(nices[work_place(work)]);
	*ranked = 1;
}

static void priority_inversion(struct work *work)
{
	struct work_line *lock = work_line(work, 0);

	if (work_place(work) > HIGH) {
		work_step(work);
		return;
	}
	rank(work);
	work_lock(work, lock);
	if (work_place(work) == LOW)
		work_burst(work, work_parameter(work, HOLD_NS));
	else
		work_step(work);
	work_unlock(work, lock);
	work_sleep(work, work_parameter(work, PAUSE_NS));
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, SPINNERS) + 2;
}
KTSTR_GROUP_WORK(priority_inversion, priority_inversion, size, "spinners", "hold_ns", "pause_ns");
