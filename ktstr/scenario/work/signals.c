// SPDX-License-Identifier: GPL-2.0-only
/*
 * signals: two workers take turns: each does `burst_iters` steps, sends the other SIGUSR1, and waits for one in
 * sigwaitinfo(2).
 */
#include <ktstr/work.h>

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOK_NS (100 * NSEC_PER_MSEC / 1000) /* for a partner that has not begun yet */

enum { BURST_ITERS };

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return set;
}

/* Says who it is, as process and thread, once the signal can reach it; returns who the other one is. */
static uint64_t meet(struct work *work)
{
	uint64_t *own = &work_line(work, work_place(work))->value;
	uint64_t *other = &work_line(work, !work_place(work))->value, found;
	sigset_t set = waited_for();

	if (!*own) {
		if (sigprocmask(SIG_BLOCK, &set, NULL))
			fail_errno("worker", "blocking a signal");
		__atomic_store_n(own, (uint64_t)getpid() << 32 | (uint32_t)gettid(), __ATOMIC_RELEASE);
	}
	while (!(found = __atomic_load_n(other, __ATOMIC_ACQUIRE)))
		work_sleep(work, LOOK_NS);
	return found;
}

static void send(struct work *work, uint64_t other)
{
	work_line(work, !work_place(work))->woken_ns = work_look(work);
	/* One that the plan has ended needs none. */
	if (syscall(SYS_tgkill, (pid_t)(other >> 32), (pid_t)(uint32_t)other, SIGUSR1) && errno != ESRCH)
		fail_errno("worker", "tgkill");
}

static void receive(struct work *work)
{
	sigset_t set = waited_for();

	work_blocks(work, WORK_UNTIL_WOKEN_NS);
	while (sigwaitinfo(&set, NULL) != SIGUSR1)
		if (errno != EINTR)
			fail_errno("worker", "sigwaitinfo");
	work_unblocked(work, work_line(work, work_place(work))->woken_ns);
}

static void signals(struct work *work)
{
	uint64_t other = meet(work);

	if (work_place(work))
		receive(work);
	work_steps(work, work_parameter(work, BURST_ITERS));
	send(work, other);
	if (!work_place(work))
		receive(work);
}
KTSTR_GROUP_WORK(signals, signals, work_two, "burst_iters");
