// SPDX-License-Identifier: GPL-2.0-only
/*
 * producer_consumer: one worker does `burst_iters` steps for each item and puts it into a queue of `depth`; `consumers` others
 * take items, and do `consumed_iters` steps with each. The producer sleeps while the queue is full, a consumer while it is empty.
 */
#include <ktstr/work.h>

enum { CONSUMERS, BURST_ITERS, CONSUMED_ITERS, DEPTH };

/* How many items are in the queue. */
static uint64_t *queue(struct work *work)
{
	return &work_line(work, 0)->value;
}

static bool change(struct work *work, bool put)
{
	uint64_t *items = queue(work), seen = __atomic_load_n(items, __ATOMIC_SEQ_CST), wanted;

	do {
		if (seen == (put ? work_parameter(work, DEPTH) : 0))
			return false;
		wanted = put ? seen + 1 : seen - 1;
	} while (!__atomic_compare_exchange_n(items, &seen, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

/* A consumer says that it sleeps before it looks once more, and whoever wakes it takes that back: no wakeup is lost. */
static void consume(struct work *work)
{
	uint64_t *sleeps = &work_line(work, work_place(work))->value;

	while (!change(work, false)) {
		__atomic_store_n(sleeps, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(queue(work), __ATOMIC_SEQ_CST) && __atomic_exchange_n(sleeps, 0, __ATOMIC_SEQ_CST))
			continue;
		work_await(work);
	}
	work_post(work, 0);
	work_steps(work, work_parameter(work, CONSUMED_ITERS));
}

static void wake_one(struct work *work)
{
	for (unsigned int place = 1; place < work_group_size(work); place++) {
		if (__atomic_exchange_n(&work_line(work, place)->value, 0, __ATOMIC_SEQ_CST)) {
			work_post(work, place);
			return;
		}
	}
}

static void producer_consumer(struct work *work)
{
	if (work_place(work)) {
		consume(work);
		return;
	}
	work_steps(work, work_parameter(work, BURST_ITERS));
	while (!change(work, true))
		work_await(work);
	wake_one(work);
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, CONSUMERS) + 1;
}
KTSTR_GROUP_WORK(producer_consumer, producer_consumer, size, "consumers", "burst_iters", "consumed_iters", "depth");
