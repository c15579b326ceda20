// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context switches, recorded by the kernel's tracer. They are read in binary, because text costs the guest some twenty
 * microseconds an event.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "files.h"
#include "system.h"
#include "trace_page.h"

#define TRACING "/sys/kernel/tracing/"
#define SWITCH TRACING "events/sched/sched_switch/"
#define BUFFER_KB "2048" /* a CPU; 50 bytes or so a switch */
#define PAGE 4096

static struct {
	bool on;
	struct switch_format format;
	struct switches switches;
} trace;

static unsigned int field_offset(const char *format, const char *name)
{
	const char *field = strstr(format, name);
	unsigned int offset;

	if (!field || sscanf(field + strlen(name), ";\toffset:%u", &offset) != 1)
		fail("trace: sched_switch has no field", name);
	return offset;
}

static void set(const char *file, const char *value)
{
	if (!file_write(file, value))
		fail_errno("trace", file);
}

void trace_start(void)
{
	char text[4096];

	if (file_read(SWITCH "id", text, sizeof(text)) <= 0)
		fail_errno("trace", "the kernel cannot trace sched_switch (CONFIG_EVENT_TRACING, tracefs)");
	trace.format.type = (unsigned int)strtoul(text, NULL, 10);
	if (file_read(SWITCH "format", text, sizeof(text)) <= 0)
		fail_errno("trace", SWITCH "format");
	trace.format.prev_comm = field_offset(text, " prev_comm[16]");
	trace.format.prev_pid = field_offset(text, " prev_pid");
	trace.format.next_pid = field_offset(text, " next_pid");
	set(TRACING "trace_clock", "mono");
	set(TRACING "buffer_size_kb", BUFFER_KB);
	trace.switches.count = 0; /* of an earlier hold */
	trace.switches.lost = 0;
	set(SWITCH "enable", "1");
	trace.on = true;
}

static void read_cpu(unsigned int cpu)
{
	static char page[PAGE];
	char path[96];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), TRACING "per_cpu/cpu%u/trace_pipe_raw", cpu);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fail_errno("trace", path);
	while ((got = read(fd, page, sizeof(page))) > 0)
		trace_page_parse(&trace.format, page, (size_t)got, cpu, &trace.switches);
	if (got < 0 && errno != EAGAIN)
		fail_errno("trace", path);
	close(fd);
}

static int by_time(const void *a, const void *b)
{
	const struct task_switch *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	/* FNV-1a, a byte at a time. */
	for (int i = 0; i < 8; i++, value >>= 8)
		hash = (hash ^ (value & 0xff)) * 0x100000001b3ULL;
	return hash;
}

/* The order is reported as a hash over each switch's CPU and who ran before and after. */
void trace_stop(void)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	char text[24];

	if (!trace.on)
		return;
	set(SWITCH "enable", "0");
	trace.on = false;
	for (unsigned int cpu = 0; cpu < system_cpus(); cpu++)
		read_cpu(cpu);
	qsort(trace.switches.all, trace.switches.count, sizeof(*trace.switches.all), by_time);
	for (size_t i = 0; i < trace.switches.count; i++) {
		hash = mix(hash, trace.switches.all[i].cpu);
		hash = mix(hash, (uint64_t)trace.switches.all[i].prev_pid << 32 | (uint32_t)trace.switches.all[i].next_pid);
	}
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	emit_begin("switches");
	emit_u64("count", trace.switches.count);
	emit_u64("lost", trace.switches.lost);
	emit_text("order", text);
	emit_end();
}

const struct task_switch *trace_find(pid_t pid, uint64_t from_ns)
{
	for (size_t i = 0; i < trace.switches.count; i++)
		if (trace.switches.all[i].next_pid == pid && trace.switches.all[i].at_ns >= from_ns)
			return &trace.switches.all[i];
	return NULL;
}

uint64_t trace_ran_ns(const struct task_switch *in)
{
	for (const struct task_switch *one = in; one-- > trace.switches.all;)
		if (one->cpu == in->cpu)
			return one->next_pid == in->prev_pid ? in->at_ns - one->at_ns : 0;
	return 0;
}
