// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker does, and how it measures itself. Work comes in chunks of a few hundred instructions; after each the
 * clock and the CPU are read. The time between two readings, less what the worker asked to sleep, is time it wanted to run:
 * where that is much longer than a chunk, it was kept from running.
 */
#include "agent.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_STEPS 128

static int policy_parse(const char *name)
{
	static const struct {
		const char *name;
		int policy;
	} policies[] = {
		{ "normal", SCHED_OTHER }, { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE },
		{ "fifo", SCHED_FIFO },	   { "rr", SCHED_RR },
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i].name, name))
			return policies[i].policy;
	fail("plan: no such policy", name);
}

struct work work_parse(const struct plan_line *line, unsigned int from)
{
	struct work work = { .kind = line->token[from] };
	const char *text;

	text = plan_value(line, from, "policy");
	work.policy = policy_parse(text ? text : "normal");
	text = plan_value(line, from, "burst_ns");
	work.burst_ns = text ? strtoull(text, NULL, 10) : 0;
	text = plan_value(line, from, "sleep_ns");
	work.sleep_ns = text ? strtoull(text, NULL, 10) : 0;
	text = plan_value(line, from, "pause");
	work.pause = !text || strcmp(text, "0");
	return work;
}

static void compute(const struct work *work)
{
	uint32_t x = 0x9e3779b9;

	for (int i = 0; i < CHUNK_STEPS; i++) {
		x = x * 1664525 + 1013904223;
		__asm__ volatile("" : "+r"(x));
	}
	/*
	 * A spinner's PAUSE. Under QEMU's single-threaded TCG it also ends the CPU's turn, so that spinning CPUs take turns
	 * of a chunk and advance at one speed (see docs/clocks.md for the measurement).
	 */
	if (work->pause)
		__builtin_ia32_pause();
}

static uint64_t look(struct worker_page *page, uint64_t wanted_since)
{
	uint64_t now = now_ns();
	uint64_t gap = now > wanted_since ? now - wanted_since : 0;
	uint32_t cpu = (uint32_t)sched_getcpu();

	if (gap > page->gap_ns)
		page->gap_ns = gap;
	if (gap)
		page->gaps[gap >> 32 ? GAP_BUCKETS - 1 : 31 - __builtin_clz((uint32_t)gap)]++;
	page->last_ns = now;
	if (cpu != page->cpu) {
		/* The first reading says where it started, not that it moved. */
		if (page->cpu != UINT32_MAX)
			page->migrations++;
		page->cpu = cpu;
		page->cpus[cpu / 64 % (MAX_CPUS / 64)] |= 1ULL << (cpu % 64);
	}
	return now;
}

static void step(const struct work *work, struct worker_page *page)
{
	compute(work);
	page->iterations++;
	look(page, page->last_ns);
}

/* Sleeps for `ns` from when it last ran: time that it does not want. */
void work_pause(struct worker_page *page, uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / NSEC_PER_SEC), .tv_nsec = (long)(ns % NSEC_PER_SEC) };
	uint64_t due = page->last_ns + ns;

	/* Published before the sleep, so that the agent never takes a sleeper for a starved one. */
	page->slept_ns += ns;
	page->last_ns = due;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	look(page, due);
}

static void burst(const struct work *work, struct worker_page *page)
{
	uint64_t end = page->last_ns + work->burst_ns;

	while (page->last_ns < end)
		step(work, page);
}

static void spin_wait(const struct work *work, struct worker_page *page)
{
	step(work, page);
}

static void yield_heavy(const struct work *work, struct worker_page *page)
{
	step(work, page);
	sched_yield();
}

/* A burst of computing, then a yield: between spinning and yielding. */
static void mixed(const struct work *work, struct worker_page *page)
{
	burst(work, page);
	sched_yield();
}

static void bursty(const struct work *work, struct worker_page *page)
{
	burst(work, page);
	work_pause(page, work->sleep_ns);
}

static const struct {
	const char *name;
	void (*once)(const struct work *work, struct worker_page *page);
} kinds[] = {
	{ "spin_wait", spin_wait },
	{ "yield_heavy", yield_heavy },
	{ "mixed", mixed },
	{ "bursty", bursty },
};

void work_run(const struct work *work, struct worker_page *page)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, work->kind))
			continue;
		look(page, page->last_ns);
		for (;;)
			kinds[i].once(work, page);
	}
	fail("work", work->kind);
}
