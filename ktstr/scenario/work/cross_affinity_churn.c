// SPDX-License-Identifier: GPL-2.0-only
/*
 * cross_affinity_churn: each of `churners` workers does `burst_iters` steps, confines the next one to one of that one's CPUs,
 * drawn from the run's seed, and sleeps for `sleep_ns`. So the next one runs, waits or sleeps when its CPUs change.
 */
#include <ktstr/work.h>

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

enum { CHURNERS, BURST_ITERS, SLEEP_NS };

/* The next worker: its thread, and the CPUs that it may use. Nobody else confines it. */
struct next {
	pid_t task; /* 0: not known yet */
	cpu_set_t cpus;
};

/* False if it is gone, because the plan has stopped it. */
static bool confine(const struct next *next, const cpu_set_t *cpus)
{
	if (!sched_setaffinity(next->task, sizeof(*cpus), cpus))
		return true;
	if (errno != EINVAL && errno != ESRCH)
		fail_errno("worker", "sched_setaffinity");
	return false;
}

static bool learn(struct next *next, pid_t task)
{
	next->task = 0;
	if (!task || sched_getaffinity(task, sizeof(next->cpus), &next->cpus))
		return false;
	next->task = task;
	return true;
}

static void cross_affinity_churn(struct work *work)
{
	struct next *next = work_memory(work, sizeof(*next));
	unsigned int place = work_place(work), after = (place + 1) % work_group_size(work);
	cpu_set_t cpus;

	__atomic_store_n(&work_line(work, place)->value, (uint64_t)gettid(), __ATOMIC_RELEASE);
	work_steps(work, work_parameter(work, BURST_ITERS));
	if (next->task || learn(next, (pid_t)__atomic_load_n(&work_line(work, after)->value, __ATOMIC_ACQUIRE))) {
		CPU_ZERO(&cpus);
		CPU_SET(work_draw_cpu(work, &next->cpus), &cpus);
		if (confine(next, &cpus)) {
			work_note(work);
		} else {
			/* Its cpuset has changed, or the CPU is offline: all that there are now. */
			memset(&cpus, 0xff, sizeof(cpus));
			confine(next, &cpus);
			next->task = 0;
		}
	}
	work_sleep(work, work_parameter(work, SLEEP_NS));
}

static unsigned int size(const struct work *work)
{
	return (unsigned int)work_parameter(work, CHURNERS);
}
KTSTR_GROUP_WORK(cross_affinity_churn, cross_affinity_churn, size, "churners", "burst_iters", "sleep_ns");
