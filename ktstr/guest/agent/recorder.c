// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flight recorder: the last scheduling events of every CPU, in a small ring of the kernel's tracer that is always
 * overwritten. The kernel itself stops it when it writes a failing scheduler's dump, so what led there is still in it.
 */
#include "recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "files.h"
#include "system.h"

#define RING "/sys/kernel/tracing/instances/ktstr/"
#define RING_KB "16"		  /* a CPU: some 200 events */
#define TEXT_SIZE (128 * 1024)	  /* more than a ring's text takes */
#define LINES 1024U		  /* over all CPUs; each gets an equal share, from LEAST to MOST */
#define LEAST 8U
#define MOST 64U
#define LOOK_LINES 2048U	  /* over all CPUs, for whoever looks for two tasks: whole rings of eight */

static const char *const events[] = {
	"sched/sched_switch",	   "sched/sched_wakeup", "sched/sched_wakeup_new",
	"sched/sched_migrate_task", "sched_ext",
};

static struct {
	bool there, on;
} recorder;

void recorder_prepare(void)
{
	recorder.there = !mkdir(RING, 0755) && file_write(RING "buffer_size_kb", RING_KB) &&
			 file_write(RING "trace_clock", "mono");
}

static void record(const char *event, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), RING "events/%s/enable", event);
	/* Not every kernel has all of them. */
	file_write(path, value);
}

void recorder_start(void)
{
	if (!recorder.there)
		return;
	/* The end of an earlier hold has stopped it. */
	if (!file_write(RING "tracing_on", "1"))
		fail_errno("recorder", RING "tracing_on");
	/* It occurs at every slice and would fill the ring with nothing of interest. */
	file_write(RING "events/sched_ext/sched_ext_event/filter", "name != \"SCX_EV_REFILL_SLICE_DFL\"");
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		record(events[i], "1");
	/* The dump's first line is an event, which ends the recording: after it the kernel only cleans up. */
	file_write(RING "events/sched_ext/sched_ext_dump/trigger", "traceoff");
	recorder.on = true;
}

void recorder_stop(void)
{
	if (recorder.on && !file_write(RING "tracing_on", "0"))
		fail_errno("recorder", RING "tracing_on");
}

static void emit_lines(unsigned int cpu, char *text, unsigned int limit)
{
	char *line, *from = text + strlen(text);
	unsigned int lines = 0;

	/* From the end back over as many lines as are reported. */
	while (from > text && (from[-1] != '\n' || ++lines <= limit))
		from--;
	for (; (line = strsep(&from, "\n"));) {
		if (!line[0] || line[0] == '#')
			continue;
		emit_begin("flight");
		emit_u64("cpu", cpu);
		emit_text("text", line);
		emit_end();
	}
}

/* Reports the last `limit` lines of every CPU. */
static void emit_rings(unsigned int limit)
{
	unsigned int cpus = system_cpus();
	char path[96], *text = malloc(TEXT_SIZE);

	if (!text)
		fail("recorder", "no memory for its text");
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), RING "per_cpu/cpu%u/trace", cpu);
		if (file_read(path, text, TEXT_SIZE) < 0)
			fail_errno("recorder", path);
		emit_lines(cpu, text, limit);
	}
	free(text);
}

void recorder_emit(void)
{
	unsigned int limit = LINES / system_cpus();

	if (!recorder.on)
		return;
	recorder.on = false;
	emit_rings(limit < LEAST ? LEAST : limit > MOST ? MOST : limit);
}

void recorder_look(void)
{
	unsigned int limit = LOOK_LINES / system_cpus();

	if (!recorder.on)
		return;
	recorder.on = false;
	emit_rings(limit < LEAST ? LEAST : limit);
}
