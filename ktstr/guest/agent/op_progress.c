// SPDX-License-Identifier: GPL-2.0-only
/* progress LEAST_NS MOST_NS: releases the workers and waits until each has done something. */
#include <ktstr/operation.h>

#include <sched.h>

#include "agent.h"
#include "system.h"

#define TICK_NS (10 * NSEC_PER_MSEC)

/* The first worker of each CPU that is online stays on it; the others go where the scheduler puts them. */
static void pin_first(const struct workers *workers)
{
	unsigned int cpus = system_cpus();
	cpu_set_t *one = CPU_ALLOC(KTSTR_MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(KTSTR_MAX_CPUS);

	if (!one)
		fail_errno("progress", "memory for a set of CPUs");
	for (unsigned int cpu = 0, next = 0; cpu < cpus && next < workers->count; cpu++) {
		if (!system_online(cpu))
			continue;
		CPU_ZERO_S(size, one);
		CPU_SET_S(cpu, size, one);
		if (sched_setaffinity(workers->all[next++].pid, size, one))
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

/* Waits for `least_ns` at least and `most_ns` at most; ends at once if the scheduler leaves. */
static bool progress(const struct arguments *arguments)
{
	uint64_t least_ns = argument_u64(arguments, "least_ns"), most_ns = argument_u64(arguments, "most_ns");
	struct scheduler *scheduler = &agent.scheduler;
	struct workers *workers = &agent.workers;
	uint64_t start, passed;

	pin_first(workers);
	workers_release(workers);
	start = now_ns();
	do {
		agent_tick(TICK_NS);
		passed = now_ns() - start;
		scheduler->lost = scheduler->declared && !scheduler_enabled();
	} while (!scheduler->lost && (passed < least_ns || (passed < most_ns && waiting(workers))));
	/* A scheduler that was ejected usually says why; one that attaches again does it now. */
	agent_hear_out(TICK_NS);
	emit_begin("progress");
	emit_u64("held_ns", passed);
	emit_u64("waiting", waiting(workers));
	emit_end();
	workers_report(workers);
	scheduler_state(scheduler, "held");
	return true;
}
KTSTR_OPERATION(progress, "least_ns:u64 most_ns:u64", progress);
