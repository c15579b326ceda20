// SPDX-License-Identifier: GPL-2.0-only
/* The operations of the verifier sweep: what a scheduler's programs cost, whether it schedules, whether it leaves. */
#include "agent.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#define TICK_NS (10 * NSEC_PER_MSEC)
#define GOODBYE_NS (2 * NSEC_PER_SEC) /* what a scheduler that is out gets to say why */
#define LEAVE_NS (5 * NSEC_PER_SEC) /* for the kernel to be back on its default scheduler */

static void tick(struct scheduler *scheduler, struct workers *workers)
{
	struct timespec ts = { .tv_nsec = TICK_NS };

	nanosleep(&ts, NULL);
	port_watchdog();
	scheduler_watch(scheduler);
	reap_any(scheduler, workers);
}

/* The first worker of each CPU stays on it; those beyond go where the scheduler puts them. */
static void pin_first(const struct workers *workers)
{
	unsigned int cpus = system_cpus();
	cpu_set_t *one = CPU_ALLOC(MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(MAX_CPUS);

	for (unsigned int cpu = 0; cpu < cpus && cpu < workers->count; cpu++) {
		CPU_ZERO_S(size, one);
		CPU_SET_S(cpu, size, one);
		if (sched_setaffinity(workers->all[cpu].pid, size, one))
			fail_errno("progress", "keeping a worker on its CPU");
	}
	CPU_FREE(one);
}

static unsigned int waiting(const struct workers *workers)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < workers->count; i++)
		count += !((const volatile struct worker_page *)workers->all[i].page)->iterations;
	return count;
}

/*
 * Releases the workers and waits until each has done something, for `least_ns` at least and `most_ns` at most; ends at
 * once where the scheduler leaves.
 */
static void progress(struct scheduler *scheduler, struct workers *workers, uint64_t least_ns, uint64_t most_ns)
{
	uint64_t start, passed;

	pin_first(workers);
	workers_release(workers);
	start = now_ns();
	do {
		tick(scheduler, workers);
		passed = now_ns() - start;
		scheduler->lost = scheduler->declared && !scheduler_enabled();
	} while (!scheduler->lost && (passed < least_ns || (passed < most_ns && waiting(workers))));
	/* One that was ejected usually says why; one that attaches again does it now. */
	for (uint64_t left = now_ns(); scheduler->lost && scheduler->pid && now_ns() - left < GOODBYE_NS;)
		tick(scheduler, workers);
	emit_begin("progress");
	emit_u64("held_ns", passed);
	emit_u64("waiting", waiting(workers));
	emit_end();
	workers_report(workers);
	scheduler_state(scheduler, "held");
}

/* Stops the scheduler and waits until the kernel says that none is left. */
static void unregister(struct scheduler *scheduler, struct workers *workers)
{
	uint64_t start;

	workers_kill(workers);
	scheduler_stop(scheduler);
	start = now_ns();
	while (scheduler_active() && now_ns() - start < LEAVE_NS)
		tick(scheduler, workers);
	scheduler_state(scheduler, "default");
	scheduler->declared = false;
}

/* Carries out a line that is one of these operations; false where it is none. */
bool verify_carries_out(struct scheduler *scheduler, struct workers *workers, struct plan_line *line)
{
	const char *verb = line->token[0];
	unsigned int arguments = line->count - 1;

	if (!strcmp(verb, "programs") && arguments == 0)
		bpf_emit();
	else if (!strcmp(verb, "progress") && arguments == 2)
		progress(scheduler, workers, plan_u64(line, 1), plan_u64(line, 2));
	else if (!strcmp(verb, "unregister") && arguments == 0)
		unregister(scheduler, workers);
	else if (!strcmp(verb, "run") && arguments >= 2)
		scheduler_run(scheduler, &line->token[2], plan_u64(line, 1));
	else
		return false;
	return true;
}
