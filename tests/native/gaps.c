// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's accounting against a clock and a CPU that stdin dictates: each line is "look NS CPU", "step NS CPU",
 * "spin NS CPU", "sleep ASKED NS CPU" or "burst LENGTH NS CPU"; NS is what the clock then advances by, CPU where the worker then is.
 * What the agent does: "excuse NS" of time in which the plan kept the worker from running, and "phase" begins the next.
 */
#include "work.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t clock_ns = 1000, advance_ns, slept_for_ns;
static int cpu_now;

static int cpu_here(void)
{
	return cpu_now;
}

static int sleep_here(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left)
{
	(void)clock, (void)flags, (void)left;
	slept_for_ns = (uint64_t)asked->tv_sec * NSEC_PER_SEC + (uint64_t)asked->tv_nsec;
	return 0;
}

uint64_t now_ns(void)
{
	clock_ns += advance_ns;
	return clock_ns;
}

#define sched_getcpu cpu_here
#define clock_nanosleep sleep_here
#include "work.c"

int main(void)
{
	static struct worker_page page = { .cpu = UINT32_MAX, .last_ns = 1000 };
	struct work work = { .page = &page };
	uint64_t asked;
	char what[16];

	while (scanf("%15s", what) == 1) {
		asked = 0;
		if (!strcmp(what, "phase")) {
			page.phase++;
			continue;
		}
		if (!strcmp(what, "excuse")) {
			if (scanf("%" SCNu64, &asked) != 1)
				return 2;
			page.excused_ns += asked;
			continue;
		}
		if ((!strcmp(what, "sleep") || !strcmp(what, "burst")) && scanf("%" SCNu64, &asked) != 1)
			return 2;
		if (scanf("%" SCNu64 "%d", &advance_ns, &cpu_now) != 2)
			return 2;
		if (!strcmp(what, "look"))
			work_look(&work);
		else if (!strcmp(what, "step"))
			work_step(&work);
		else if (!strcmp(what, "spin"))
			work_spin(&work, true);
		else if (!strcmp(what, "sleep"))
			work_sleep(&work, asked);
		else if (!strcmp(what, "burst"))
			work_burst(&work, asked);
		else
			return 2;
	}
	printf("{\"phase_seen\":%" PRIu32 ",\"gap_at_ns\":%" PRIu64 ",\"gap_ns\":%" PRIu64 ",\"slept_ns\":%" PRIu64 ",\"asked_ns\":%" PRIu64 ",\"iterations\":%" PRIu64
	       ",\"migrations\":%" PRIu64 ",\"last_ns\":%" PRIu64 ",\"cpus\":%" PRIu64 ",\"gaps\":[",
	       page.phase_seen, page.gap_at_ns, page.gap_ns, page.slept_ns, slept_for_ns, work_iterations(&work), page.migrations, work_looked_at(&work),
	       page.cpus[0]);
	for (int i = 0; i < KTSTR_GAP_BUCKETS; i++)
		printf("%s%" PRIu64, i ? "," : "", page.gaps[i]);
	puts("]}");
	return 0;
}
