// SPDX-License-Identifier: GPL-2.0-only
/*
 * priority_inversion: a worker of nice 19 holds a lock for `hold_ns` of its work, sleeps for `pause_ns`, and repeats; one of
 * nice -20 takes the lock for a step, and sleeps as long; `spinners` of nice 0 compute, and keep the first from its CPU.
 *
 * The first notes an inversion when it comes back to a CPU that it lost with the lock, and the second waits for it.
 */
#include <ktstr/work.h>

enum { SPINNERS, HOLD_NS, PAUSE_NS };
enum { LOW, HIGH };

#define LOST_NS NSEC_PER_MSEC /* between two looks: more than a step and interrupts take */

static void rank(struct work *work, int nice)
{
	uint64_t *ranked = &work_line(work, work_place(work))->value;

	if (__atomic_load_n(ranked, __ATOMIC_ACQUIRE))
		return;
	work_set_nice(nice);
	__atomic_store_n(ranked, 1, __ATOMIC_RELEASE);
}

static void hold(struct work *work)
{
	const uint32_t *waits = &work_line(work, HIGH)->word;
	uint64_t before = work_looked_at(work), end = before + work_parameter(work, HOLD_NS);
	bool noted = false;

	for (; before < end; before = work_looked_at(work)) {
		work_step(work);
		if (noted || work_looked_at(work) - before < LOST_NS || !__atomic_load_n(waits, __ATOMIC_ACQUIRE))
			continue;
		work_note(work);
		noted = true;
	}
}

/* It has the lock before it is light, because beside spinners it might never come to take it. */
static void low(struct work *work, struct work_line *lock)
{
	work_lock(work, lock);
	rank(work, 19);
	hold(work);
	work_unlock(work, lock);
}

static void high(struct work *work, struct work_line *lock)
{
	uint32_t *waits = &work_line(work, HIGH)->word;

	rank(work, -20);
	while (!__atomic_load_n(&work_line(work, LOW)->value, __ATOMIC_ACQUIRE))
		work_sleep(work, work_parameter(work, PAUSE_NS));
	__atomic_store_n(waits, 1, __ATOMIC_RELEASE);
	work_lock(work, lock);
	__atomic_store_n(waits, 0, __ATOMIC_RELEASE);
	work_step(work);
	work_unlock(work, lock);
}

static void priority_inversion(struct work *work)
{
	if (work_place(work) > HIGH) {
		work_step(work);
		return;
	}
	if (work_place(work) == LOW)
		low(work, work_line(work, 0));
	else
		high(work, work_line(work, 0));
	work_sleep(work, work_parameter(work, PAUSE_NS));
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, SPINNERS) + 2;
}
KTSTR_GROUP_WORK(priority_inversion, priority_inversion, size, "spinners", "hold_ns", "pause_ns");
