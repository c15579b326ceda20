// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long each CPU was idle around a hold, of /proc/stat. It counts in hundredths of a second (USER_HZ), and of a CPU
 * whose tick stops while it is idle it knows the time exactly.
 */
#include "idle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>
#include <ktstr/limits.h>

#include "files.h"
#include "system.h"

#define STAT "/proc/stat"
#define NSEC_PER_TICK (10 * NSEC_PER_MSEC)
#define LINE_BYTES 256 /* more than a CPU's line has: ten numbers */

struct idle {
	uint64_t at_ns;
	bool online[KTSTR_MAX_CPUS];
	uint64_t idle_ns[KTSTR_MAX_CPUS];
};

static struct idle before;

/* A line of a CPU: `cpu0 user nice system idle iowait ...`. A CPU that only waits for I/O is idle, too. */
static void read_line(struct idle *idle, const char *line)
{
	unsigned long long numbers[2];
	unsigned int cpu;

	if (sscanf(line, "cpu%u %*u %*u %*u %llu %llu", &cpu, &numbers[0], &numbers[1]) != 3 || cpu >= KTSTR_MAX_CPUS)
		return;
	idle->online[cpu] = true;
	idle->idle_ns[cpu] = (numbers[0] + numbers[1]) * NSEC_PER_TICK;
}

static void read_all(struct idle *idle)
{
	size_t size = (size_t)(system_cpus() + 1) * LINE_BYTES; /* the lines of CPUs are the first */
	char *text = malloc(size), *end;

	if (!text || file_read(STAT, text, size) <= 0)
		fail_errno("idle", STAT);
	memset(idle->online, 0, sizeof(idle->online));
	for (char *line = text; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		read_line(idle, line);
	}
	free(text);
}

void idle_begin(void)
{
	before.at_ns = now_ns();
	read_all(&before);
}

void idle_report(void)
{
	static struct idle after;
	uint64_t cpus[KTSTR_MAX_CPUS], idle_ns[KTSTR_MAX_CPUS];
	size_t count = 0;

	read_all(&after);
	after.at_ns = now_ns();
	for (unsigned int cpu = 0; cpu < KTSTR_MAX_CPUS; cpu++) {
		if (!before.online[cpu] || !after.online[cpu] || after.idle_ns[cpu] < before.idle_ns[cpu])
			continue;
		cpus[count] = cpu;
		idle_ns[count++] = after.idle_ns[cpu] - before.idle_ns[cpu];
	}
	emit_begin("idle");
	emit_u64("from_ns", before.at_ns);
	emit_u64("until_ns", after.at_ns);
	emit_u64s("cpus", cpus, count);
	emit_u64s("idle_ns", idle_ns, count);
	emit_end();
}
