// SPDX-License-Identifier: GPL-2.0-only
/* epoll: two workers take turns as those of pipe_io do, but each sleeps in epoll_wait(2) until its pipe can be read. */
#include <ktstr/work.h>

#include <errno.h>
#include <sys/epoll.h>

enum { BURST_ITERS };

static int instance(struct work *work)
{
	int *stored = work_memory(work, sizeof(*stored)); /* one more than it; 0: there is none yet */
	struct epoll_event wanted = { .events = EPOLLIN };

	if (!*stored) {
		int fd = epoll_create1(EPOLL_CLOEXEC);

		if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, work_inbox(work), &wanted))
			fail_errno("worker", "epoll");
		*stored = fd + 1;
	}
	return *stored - 1;
}

static void wait_for_partner(struct work *work)
{
	struct epoll_event event;
	int fd = instance(work);

	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (epoll_wait(fd, &event, 1, -1) != 1)
		if (errno != EINTR)
			fail_errno("worker", "epoll_wait");
	work_unblocked(work, work_take(work));
}

static void epoll(struct work *work)
{
	if (!work_is_first(work))
		wait_for_partner(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	work_wake(work);
	if (work_is_first(work))
		wait_for_partner(work);
}
KTSTR_PAIRED_WORK(epoll, epoll, "burst_iters");
