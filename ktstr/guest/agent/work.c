// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a worker measures itself. Work comes in steps of a few hundred instructions; after each the clock and the CPU are
 * read. The time between two readings, less what the worker asked to sleep, is time in which it wanted to run: if that is
 * much longer than a step, it was kept from running.
 */
#include "work.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include "machine.h"

#define STEP_ROUNDS 128
/* A look takes 50 ns on a machine that does a step in 150: looks so far apart cost less than 1 %, and no gap is missed. */
#define SPIN_NS 8000
#define MOST_SPUN 8

static inline void compute(void)
{
	uint32_t x = 0x9e3779b9;

	for (int i = 0; i < STEP_ROUNDS; i++) {
		x = x * 1664525 + 1013904223;
		__asm__ volatile("" : "+r"(x));
	}
}

/* Takes off a gap what the plan kept the worker from running; what is left of that is for the next gap. */
static uint64_t excused(struct worker_page *page, uint64_t gap)
{
	uint64_t left = *(volatile uint64_t *)&page->excused_ns - page->excused_seen;

	if (left > gap)
		left = gap;
	page->excused_seen += left;
	return gap - left;
}

static void count_gap(struct worker_page *page, uint64_t gap, uint64_t now)
{
	gap = excused(page, gap);
	if (gap > page->gap_ns) {
		page->gap_ns = gap;
		page->gap_at_ns = now;
	}
	if (gap)
		page->gaps[gap >> 32 ? KTSTR_GAP_BUCKETS - 1 : 31 - __builtin_clz((uint32_t)gap)]++;
}

static void mark_cpu(struct worker_page *page, uint32_t cpu)
{
	page->cpus[cpu / 64 % (KTSTR_MAX_CPUS / 64)] |= 1ULL << (cpu % 64);
}

static void count_cpu(struct worker_page *page, uint32_t cpu)
{
	if (cpu == page->cpu)
		return;
	/* The first reading is where it started, not a migration. */
	if (page->cpu != UINT32_MAX)
		page->migrations++;
	page->cpu = cpu;
	mark_cpu(page, cpu);
}

/* Only the worker writes these fields, so only it can begin them anew. */
static void begin_phase(struct worker_page *page, uint32_t phase, uint32_t cpu)
{
	page->gap_ns = 0;
	memset(page->cpus, 0, sizeof(page->cpus));
	mark_cpu(page, cpu);
	page->phase_seen = phase;
}

static inline uint64_t look(struct worker_page *page, uint64_t wanted_since)
{
	uint64_t now = now_ns();
	uint32_t cpu = (uint32_t)sched_getcpu(), phase = *(volatile uint32_t *)&page->phase;

	if (phase != page->phase_seen)
		begin_phase(page, phase, cpu);
	count_gap(page, now > wanted_since ? now - wanted_since : 0, now);
	page->last_ns = now;
	count_cpu(page, cpu);
	return now;
}

uint64_t work_look(struct work *work)
{
	return look(work->page, work->page->last_ns);
}

void work_stepped(struct work *work)
{
	machine_relax();
	work->page->iterations++;
	look(work->page, work->page->last_ns);
}

void work_step(struct work *work)
{
	compute();
	work_stepped(work);
}

void work_spin(struct work *work, bool pause)
{
	uint64_t before = work->page->last_ns, passed;
	unsigned int steps = 1U << work->spun;

	for (unsigned int i = 0; i < steps; i++) {
		compute();
		if (pause)
			machine_relax();
	}
	work->page->iterations += steps;
	passed = look(work->page, before) - before;
	/* A machine that is slow, emulated for example, is looked at after each step. */
	if (passed >= 2 * SPIN_NS)
		work->spun = 0;
	else if (passed < SPIN_NS && work->spun < MOST_SPUN)
		work->spun++;
}

void work_steps(struct work *work, uint64_t count)
{
	while (count--)
		work_step(work);
}

void work_burst(struct work *work, uint64_t ns)
{
	uint64_t end = work->page->last_ns + ns;

	while (work->page->last_ns < end)
		work_step(work);
}

void work_sleep(struct work *work, uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NSEC_PER_SEC), .tv_nsec = (long)(ns % NSEC_PER_SEC) };
	struct worker_page *page = work->page;
	uint64_t due = page->last_ns + ns;

	/* Published before the sleep, so that the agent never takes a sleeper for a starved one. */
	page->slept_ns += ns;
	page->last_ns = due;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	look(page, due);
}

void work_blocks(struct work *work, uint64_t ns)
{
	work->blocked_ns = work_look(work);
	work->page->slept_ns += ns;
	work->page->last_ns += ns;
}

void work_unblocked(struct work *work, uint64_t woken_ns)
{
	struct worker_page *page = work->page;

	/* A wakeup from before the sleep ends it at once. */
	if (woken_ns < work->blocked_ns)
		woken_ns = work->blocked_ns;
	/* What was not slept of it. */
	if (woken_ns < page->last_ns) {
		uint64_t rest = page->last_ns - woken_ns;

		page->slept_ns -= rest < page->slept_ns ? rest : page->slept_ns;
	}
	look(page, woken_ns);
}

void work_yield(struct work *work)
{
	sched_yield();
	work_look(work); /* what it waited for its turn is no part of what it does next */
}

uint64_t work_looked_at(const struct work *work)
{
	return work->page->last_ns;
}

uint64_t work_iterations(const struct work *work)
{
	return work->page->iterations;
}

void work_count(struct work *work)
{
	work->page->iterations++;
}

void work_note(struct work *work)
{
	work->page->noted++;
}

uint64_t work_parameter(const struct work *work, unsigned int index)
{
	return work->parameters[index];
}

const char *work_text(const struct work *work, unsigned int index)
{
	return (const char *)(uintptr_t)work->parameters[index];
}

void work_run(struct work *work)
{
	void (*once)(struct work *work) = work->type->once;

	work_look(work);
	for (;;)
		once(work);
}
