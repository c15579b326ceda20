// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw_trace: records the scheduler's events of every CPU, in a ring of their own, from here on.
 * raw_trace_report: stops that, and reports each event as the kernel prints it.
 */
#include <ktstr/operation.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING "/sys/kernel/tracing/instances/raw/"

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd))
		fail_errno("raw_trace", file);
}

static bool raw_trace(const struct arguments *arguments)
{
	(void)arguments;
	if (mkdir(RING, 0755))
		fail_errno("raw_trace", RING);
	put(RING "buffer_size_kb", "2048");
	put(RING "trace_clock", "mono");
	put(RING "events/sched/sched_waking/enable", "1");
	put(RING "events/sched/sched_wakeup/enable", "1");
	put(RING "events/sched/sched_switch/enable", "1");
	return true;
}
KTSTR_OPERATION(raw_trace, "", raw_trace);

static bool raw_trace_report(const struct arguments *arguments)
{
	char line[512];
	FILE *trace;

	(void)arguments;
	put(RING "tracing_on", "0");
	trace = fopen(RING "trace", "re");
	if (!trace)
		fail_errno("raw_trace", RING "trace");
	while (fgets(line, sizeof(line), trace)) {
		if (line[0] == '#')
			continue;
		emit_begin("raw_trace");
		emit_text("text", line);
		emit_end();
	}
	if (fclose(trace))
		fail_errno("raw_trace", RING "trace");
	return true;
}
KTSTR_OPERATION(raw_trace_report, "", raw_trace_report);
