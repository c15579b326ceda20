// SPDX-License-Identifier: GPL-2.0-only
/*
 * messenger: `workers` workers ask one messenger for work, and sleep until it wakes them. Each then does `burst_iters` steps,
 * thinks (sleeps) for `think_ns`, and asks again. The messenger wakes all that have asked, and sleeps. So does schbench.
 */
#include <ktstr/work.h>

enum { WORKERS, BURST_ITERS, THINK_NS };

static void request(struct work *work)
{
	uint64_t *asks = &work_line(work, work_place(work))->value;

	__atomic_store_n(asks, 1, __ATOMIC_RELEASE);
	work_post(work, 0);
	work_await(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_sleep(work, work_parameter(work, THINK_NS));
}

static void messenger(struct work *work)
{
	if (work_place(work)) {
		request(work);
		return;
	}
	work_await(work);
	for (unsigned int place = 1; place < work_group_size(work); place++) {
		if (!__atomic_exchange_n(&work_line(work, place)->value, 0, __ATOMIC_ACQ_REL))
			continue;
		work_step(work);
		work_post(work, place);
	}
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, WORKERS) + 1;
}
KTSTR_GROUP_WORK(messenger, messenger, size, "workers", "burst_iters", "think_ns");
