// SPDX-License-Identifier: GPL-2.0-only
/* timer: sleeps until a timerfd with the period `period_ns` expires, then does `burst_iters` steps. */
#include <ktstr/work.h>

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { PERIOD_NS, BURST_ITERS };

struct timer {
	bool armed;
	int fd;
	uint64_t due_ns; /* when it expires next */
};

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NSEC_PER_SEC), .tv_nsec = (long)(ns % NSEC_PER_SEC) };
}

static void arm(struct work *work, struct timer *timer)
{
	uint64_t period_ns = work_parameter(work, PERIOD_NS);
	struct itimerspec times = { .it_interval = timespec_of(period_ns) };

	timer->due_ns = work_look(work) + period_ns;
	times.it_value = timespec_of(timer->due_ns);
	timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (timer->fd < 0 || timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &times, NULL))
		fail_errno("worker", "timerfd");
	timer->armed = true;
}

static void timer(struct work *work)
{
	struct timer *timer = work_memory(work, sizeof(*timer));
	uint64_t expired, now;

	if (!timer->armed)
		arm(work, timer);
	now = work_look(work);
	work_blocks(work, timer->due_ns > now ? timer->due_ns - now : 0);
	while (read(timer->fd, &expired, sizeof(expired)) != sizeof(expired))
		if (errno != EINTR)
			fail_errno("worker", "reading a timerfd");
	work_unblocked(work, timer->due_ns);
	timer->due_ns += expired * work_parameter(work, PERIOD_NS);
	work_steps(work, work_parameter(work, BURST_ITERS));
}
KTSTR_WORK(timer, timer, "period_ns", "burst_iters");
