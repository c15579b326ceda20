// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers that belong together: memory that they share, and futexes in it. They may be processes or threads. Whoever wakes
 * another one notes when: what the other sleeps before that is by its own wish, and what comes after is a gap.
 */
#include "group.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREE, TAKEN, WAITED_FOR }; /* a lock's word */

void group_check(const struct work *work, unsigned int count)
{
	unsigned int size = work->type->group_size ? work->type->group_size(work) : 1;

	if (!size || count % size)
		fail_format("plan", "spawn: %s: %u workers: must be a multiple of %u", work->type->name, count, size);
}

void group_open(struct work *work, unsigned int count)
{
	void *room;

	if (!work->type->group_size || !count)
		return;
	room = mmap(NULL, count * sizeof(*work->lines), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		fail_errno("worker", "memory of a group");
	work->lines = room;
	work->group_size = work->type->group_size(work);
}

void group_close(struct work *work, unsigned int count)
{
	if (work->lines && munmap(work->lines, count * sizeof(*work->lines)))
		fail_errno("worker", "memory of a group");
	work->lines = NULL;
}

unsigned int work_two(const struct work *work)
{
	(void)work;
	return 2;
}

unsigned int work_place(const struct work *work)
{
	return work->member % work->group_size;
}

unsigned int work_group_size(const struct work *work)
{
	return work->group_size;
}

struct work_line *work_line(const struct work *work, unsigned int place)
{
	return &work->lines[work->member - work_place(work) + place];
}

static void futex_wait(uint32_t *word, uint32_t value)
{
	if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0) && errno != EAGAIN && errno != EINTR)
		fail_errno("worker", "futex: waiting");
}

static void futex_wake(uint32_t *word, int count)
{
	if (syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0) < 0)
		fail_errno("worker", "futex: waking");
}

void work_post(struct work *work, unsigned int place)
{
	struct work_line *line = work_line(work, place);
	uint64_t now = work_look(work);

	/* What the caller has written, an order for example, is seen by a worker that takes this or the post before. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&line->word, __ATOMIC_ACQUIRE))
		return;
	line->woken_ns = now;
	__atomic_store_n(&line->word, 1, __ATOMIC_RELEASE);
	futex_wake(&line->word, 1);
}

void work_await(struct work *work)
{
	struct work_line *line = work_line(work, work_place(work));
	uint64_t woken_ns;

	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (!__atomic_load_n(&line->word, __ATOMIC_ACQUIRE))
		futex_wait(&line->word, 0);
	/* Nobody writes it until the word is zero again. */
	woken_ns = line->woken_ns;
	__atomic_store_n(&line->word, 0, __ATOMIC_SEQ_CST);
	work_unblocked(work, woken_ns);
}

void work_lock(struct work *work, struct work_line *lock)
{
	uint32_t free = FREE;

	if (__atomic_compare_exchange_n(&lock->word, &free, TAKEN, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (__atomic_exchange_n(&lock->word, WAITED_FOR, __ATOMIC_ACQUIRE) != FREE)
		futex_wait(&lock->word, WAITED_FOR);
	/* If another one had it since it was woken, that is no gap: this is the last unlock. */
	work_unblocked(work, lock->woken_ns);
}

void work_unlock(struct work *work, struct work_line *lock)
{
	lock->woken_ns = work_look(work);
	if (__atomic_exchange_n(&lock->word, FREE, __ATOMIC_RELEASE) == WAITED_FOR)
		futex_wake(&lock->word, 1);
}

void work_wait_while(struct work *work, struct work_line *line, uint32_t value)
{
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (__atomic_load_n(&line->word, __ATOMIC_ACQUIRE) == value)
		futex_wait(&line->word, value);
	work_unblocked(work, line->woken_ns);
}

void work_wake_all(struct work *work, struct work_line *line)
{
	line->woken_ns = work_look(work);
	__atomic_add_fetch(&line->word, 1, __ATOMIC_RELEASE);
	futex_wake(&line->word, INT_MAX);
}
