// SPDX-License-Identifier: GPL-2.0-only
/* Two workers that wake each other: a pipe in each direction. */
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <ktstr/event.h>

void pair_open(struct work *work)
{
	if (!work->type->paired)
		return;
	for (int i = 0; i < 2; i++)
		if (pipe2(work->pipes[i], O_CLOEXEC))
			fail_errno("worker", "a pair's pipe");
}

void pair_close(const struct work *work)
{
	if (!work->type->paired)
		return;
	for (int i = 0; i < 2; i++)
		if (close(work->pipes[i][0]) || close(work->pipes[i][1]))
			fail_errno("worker", "closing a pair's pipe");
}

bool work_is_first(const struct work *work)
{
	return work->member % 2 == 0;
}

void work_wake(struct work *work)
{
	uint64_t now = work_look(work);

	/* The kernel's write to a pipe is a sync wakeup: it says that the waker is about to sleep. */
	while (write(work->pipes[work->member % 2][1], &now, sizeof(now)) < 0)
		if (errno != EINTR)
			fail_errno("worker", "writing to its partner");
}

int work_inbox(const struct work *work)
{
	return work->pipes[1 - work->member % 2][0];
}

uint64_t work_take(const struct work *work)
{
	uint64_t woken_ns;
	ssize_t length;

	while ((length = read(work_inbox(work), &woken_ns, sizeof(woken_ns))) < 0 && errno == EINTR)
		;
	if (length != sizeof(woken_ns))
		fail_errno("worker", "reading from its partner");
	return woken_ns;
}

void work_wait(struct work *work)
{
	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	work_unblocked(work, work_take(work));
}
