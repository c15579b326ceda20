// SPDX-License-Identifier: GPL-2.0-only
/* hold NS: the time in which the workers run and the scheduler is watched. */
#include <ktstr/operation.h>

#include <sys/mman.h>

#include "agent.h"
#include "dump.h"
#include "held.h"
#include "idle.h"
#include "kernel_dump.h"
#include "machine.h"
#include "monitor.h"
#include "observer.h"
#include "payload.h"
#include "perturb.h"
#include "queue.h"
#include "recorder.h"
#include "trace.h"
#include "write.h"

#define TICK_NS (50 * NSEC_PER_MSEC)	  /* how often the scheduler is looked at */
#define HOLD_GRID_NS (10 * NSEC_PER_MSEC) /* a hold begins at a multiple of this guest time */

/* Whether the scheduler has left by itself. */
static bool left(void)
{
	uint64_t before = agent.scheduler.enable_seq;

	if (!agent.scheduler.declared)
		return false;
	agent.scheduler.lost = scheduler_gone(&agent.scheduler);
	if (agent.scheduler.enable_seq != before) {
		held_take();
		monitor_rescheduled();
	}
	return agent.scheduler.lost;
}

/*
 * Runs the workers until `end`, or until the payloads that are waited for have ended. If the scheduler leaves, or an
 * operation says that the rest would measure nothing, it returns false. Times of writes and of queued operations count
 * from `start`.
 */
static bool watch(uint64_t start, uint64_t end)
{
	for (uint64_t next = start; next < end;) {
		uint64_t tick = next + TICK_NS < end ? next + TICK_NS : end;

		next = start + write_before(queue_before(monitor_before(tick - start)));
		sleep_until(next);
		write_due(next - start);
		if (!queue_due(next - start))
			return false;
		monitor_due(next - start);
		machine_watchdog();
		scheduler_watch(&agent.scheduler);
		agent_reap();
		payloads_watch();
		if (left())
			return false;
		if (payloads_awaited())
			break;
	}
	/* A program that is about to attach again is waited for. */
	while (agent.scheduler.declared && !scheduler_enabled() && !left())
		agent_tick(TICK_NS);
	return !agent.scheduler.lost;
}

/*
 * Has the agent's pages as its own again, which each child since has shared: which of them a line of the plan wrote to, and
 * so took its page fault, must not shift the hold. The kernel does that for locked memory.
 */
static void own_pages(void)
{
	if (mlockall(MCL_CURRENT))
		fail_errno("hold", "mlockall");
}

static uint64_t begin(void)
{
	uint64_t start;

	perturb_prepare(agent.workers.gate);
	idle_begin();
	monitor_begin();
	own_pages();
	/*
	 * The start does not depend on how long the plan was: removing one perturbation must not shift anything else. The
	 * perturber's processes know it beforehand, so that they sleep by then and preempt no one when it comes.
	 */
	start = (now_ns() / HOLD_GRID_NS + 2) * HOLD_GRID_NS;
	perturb_go(start);
	sleep_until(start);
	observer_begin();
	start = workers_release(&agent.workers);
	payloads_begin(start);
	return start;
}

static void report(uint64_t began_ns, uint64_t asked_ns, uint64_t held_ns)
{
	emit_begin("hold");
	emit_u64("began_ns", began_ns);
	emit_u64("asked_ns", asked_ns);
	emit_u64("held_ns", held_ns);
	emit_end();
	workers_report(&agent.workers);
	idle_report();
	observer_report(&agent.workers);
	trace_stop();
	perturb_stop();
	if (!agent.scheduler.declared)
		return;
	scheduler_state(&agent.scheduler, "held");
	/* A scheduler that was ejected usually prints the reason and exits; that is worth a moment. */
	agent_hear_out(TICK_NS);
	if (agent.scheduler.lost)
		recorder_emit();
}

static bool hold(const struct arguments *arguments)
{
	uint64_t ns = argument_u64(arguments, "ns"), start = begin();
	bool go;

	agent.workers.holding = true;
	go = watch(start, start + ns);
	agent.workers.holding = false;
	queue_clear();
	recorder_stop();
	/* This very moment is to be seen, and the workers' report takes a while. */
	if (go && plan_has_next(&agent.plan, "look"))
		kernel_dump_ask();
	observer_end();
	report(start, ns, now_ns() - start);
	payloads_report(go);
	dump_exit(&agent.scheduler);
	return go && !agent.scheduler.lost;
}
KTSTR_OPERATION(hold, "ns:u64", hold);
