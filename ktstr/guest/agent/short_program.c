// SPDX-License-Identifier: GPL-2.0-only
/* A program that ends soon: the agent's own file, executed by another process than init. */
#include "short_program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/work.h>

#include "machine.h"

#define NAME "ktstr-short" /* by which it is executed */

#define STEP_ROUNDS 128 /* as a worker's step */

bool short_program_wanted(int argc, char *const *argv)
{
	return argc == 3 && !strcmp(argv[0], NAME);
}

int short_program(char *const *argv)
{
	unsigned long long steps = strtoull(argv[1], NULL, 10);
	volatile uint32_t value = 0;
	uint64_t now;

	while (steps--) {
		for (int i = 0; i < STEP_ROUNDS; i++)
			value = value * 1664525 + 1013904223;
		/* As a worker's step: without it this CPU's turn took the other one's time on guests of two CPUs. */
		machine_relax();
	}
	now = now_ns();
	return write(atoi(argv[2]), &now, sizeof(now)) != sizeof(now);
}

void work_execute(uint64_t steps, int report)
{
	char number[24], descriptor[12];
	/* The parent's is closed on exec, so that no other thread's child inherits it. */
	int kept = fcntl(report, F_DUPFD, 3);

	if (kept >= 0) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)steps);
		snprintf(descriptor, sizeof(descriptor), "%d", kept);
		execl("/proc/self/exe", NAME, number, descriptor, (char *)NULL);
	}
	_exit(1);
}
