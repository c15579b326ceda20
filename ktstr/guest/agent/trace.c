// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context switches, from the kernel's own tracer: which task ran after which, in what order over all CPUs. Read in binary,
 * for text costs the guest some twenty microseconds an event. The format of a page and of the events in it is the kernel's
 * include/linux/ring_buffer.h and kernel/trace/ring_buffer.c.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/"
#define SWITCH TRACING "events/sched/sched_switch/"
#define BUFFER_KB "2048" /* a CPU; 50 bytes or so a switch */
#define PAGE 4096
#define PAGE_HEADER 16		/* a time stamp, and how many bytes are used */
#define COMMITTED 0xfffff	/* of the latter; above are flags */
#define MISSED (1u << 31)	/* one of them: events were overwritten before this page */

/* An event's first word: five bits of type or length, 27 of time since the one before. */
enum { DATA = 28, PADDING, TIME_EXTEND, TIME_STAMP };
#define DELTA_BITS 27

static struct {
	bool on;
	unsigned int type, prev_comm, prev_pid, next_pid; /* of sched_switch: its number, offsets of fields */
	struct task_switch *all;
	size_t count, room;
	uint64_t lost;
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

/* From here on switches are recorded. */
void trace_start(void)
{
	char text[4096];

	if (file_read(SWITCH "id", text, sizeof(text)) <= 0)
		fail_errno("trace", "the kernel cannot trace sched_switch (CONFIG_EVENT_TRACING, tracefs)");
	trace.type = (unsigned int)strtoul(text, NULL, 10);
	file_read(SWITCH "format", text, sizeof(text));
	trace.prev_comm = field_offset(text, " prev_comm[16]");
	trace.prev_pid = field_offset(text, " prev_pid");
	trace.next_pid = field_offset(text, " next_pid");
	set(TRACING "trace_clock", "mono");
	set(TRACING "buffer_size_kb", BUFFER_KB);
	set(SWITCH "enable", "1");
	trace.on = true;
}

static void add(uint64_t time, unsigned int cpu, const char *data)
{
	struct task_switch *one;

	if (trace.count == trace.room) {
		trace.room = trace.room ? 2 * trace.room : 4096;
		trace.all = realloc(trace.all, trace.room * sizeof(*trace.all));
		if (!trace.all)
			fail("trace", "no memory for the switches");
	}
	one = &trace.all[trace.count++];
	one->at_ns = time;
	one->cpu = cpu;
	memcpy(one->prev_comm, data + trace.prev_comm, sizeof(one->prev_comm));
	memcpy(&one->prev_pid, data + trace.prev_pid, sizeof(one->prev_pid));
	memcpy(&one->next_pid, data + trace.next_pid, sizeof(one->next_pid));
}

static void read_page(const char *page, size_t size, unsigned int cpu)
{
	uint64_t time, commit;
	size_t used;

	memcpy(&time, page, sizeof(time));
	memcpy(&commit, page + 8, sizeof(commit));
	used = PAGE_HEADER + (commit & COMMITTED);
	if (commit & MISSED)
		trace.lost++;
	if (used > size)
		fail("trace", "a page of the tracer's says that it holds more than it can");
	for (size_t at = PAGE_HEADER; at + 4 <= used;) {
		uint32_t first, second = 0;
		unsigned int kind;
		uint64_t delta;
		uint16_t type;

		memcpy(&first, page + at, sizeof(first));
		if (at + 8 <= used)
			memcpy(&second, page + at + 4, sizeof(second));
		kind = first & 31;
		delta = first >> 5;
		if (kind == PADDING) {
			if (!delta) /* up to the page's end */
				return;
			time += delta;
			at += 4 + second;
		} else if (kind == TIME_EXTEND) {
			time += ((uint64_t)second << DELTA_BITS) + delta;
			at += 8;
		} else if (kind == TIME_STAMP) {
			time = (time & ~((1ULL << 59) - 1)) | (((uint64_t)second << DELTA_BITS) + delta);
			at += 8;
		} else {
			size_t data = at + (kind ? 4 : 8), next = at + 4 + (kind ? kind * 4 : second);

			time += delta;
			if (next > used)
				fail("trace", "an event of the tracer's goes beyond its page");
			memcpy(&type, page + data, sizeof(type));
			if (type == trace.type)
				add(time, cpu, page + data);
			at = next;
		}
	}
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
	while ((got = read(fd, page, sizeof(page))) >= PAGE_HEADER)
		read_page(page, (size_t)got, cpu);
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

/* Stops recording and tells of what was recorded, the order as a hash: CPU, and who ran before and after. */
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
	qsort(trace.all, trace.count, sizeof(*trace.all), by_time);
	for (size_t i = 0; i < trace.count; i++) {
		hash = mix(hash, trace.all[i].cpu);
		hash = mix(hash, (uint64_t)trace.all[i].prev_pid << 32 | (uint32_t)trace.all[i].next_pid);
	}
	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	emit_begin("switches");
	emit_u64("count", trace.count);
	emit_u64("lost", trace.lost);
	emit_text("order", text);
	emit_end();
}

/* The first switch to `pid` at `from_ns` or later; NULL where none was recorded. */
const struct task_switch *trace_find(pid_t pid, uint64_t from_ns)
{
	for (size_t i = 0; i < trace.count; i++)
		if (trace.all[i].next_pid == pid && trace.all[i].at_ns >= from_ns)
			return &trace.all[i];
	return NULL;
}

/* How long the task that `in` took the CPU from had it; 0 where its turn began before the recording. */
uint64_t trace_ran_ns(const struct task_switch *in)
{
	for (const struct task_switch *one = in; one-- > trace.all;)
		if (one->cpu == in->cpu)
			return one->next_pid == in->prev_pid ? in->at_ns - one->at_ns : 0;
	return 0;
}
