// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs a spinner to measure itself: prints, for as many turns as the argument says, the CPU time in ns of a step
 * as SpinWait does it, with a look at the clock after each step, and of one that nobody looks at.
 */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "work.c"

#define STEPS 2000000

static double cpu_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts))
		exit(1);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double spun(struct work *work)
{
	uint64_t first = work->page->iterations;
	double begin = cpu_ns();

	while (work->page->iterations - first < STEPS)
		work_spin(work, true);
	return (cpu_ns() - begin) / (double)(work->page->iterations - first);
}

static double looked_at(struct work *work)
{
	double begin = cpu_ns();

	for (int i = 0; i < STEPS; i++)
		work_step(work);
	return (cpu_ns() - begin) / STEPS;
}

static double alone(void)
{
	double begin = cpu_ns();

	for (int i = 0; i < STEPS; i++) {
		compute();
		machine_relax();
	}
	return (cpu_ns() - begin) / STEPS;
}

int main(int count, char **arguments)
{
	static struct worker_page page = { .cpu = UINT32_MAX };
	struct work work = { .page = &page };

	work_look(&work);
	spun(&work);
	for (int turns = count > 1 ? atoi(arguments[1]) : 1; turns > 0; turns--)
		printf("%.2f %.2f %.2f\n", spun(&work), looked_at(&work), alone());
	return 0;
}
