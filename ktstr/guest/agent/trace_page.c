// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of the kernel's ring buffer. The format of a page and of the events in it is in the kernel's
 * include/linux/ring_buffer.h and kernel/trace/ring_buffer.c.
 */
#include "trace_page.h"

#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

#define PAGE_HEADER 16		/* a time stamp, and how many bytes are used */
#define COMMITTED 0xfffff	/* the bits of the latter; above them are flags */
#define MISSED (1u << 31)	/* one of these: events were overwritten before this page */

/* An event's first word: five bits of type or length, 27 of time since the event before. */
enum { PADDING = 29, TIME_EXTEND, TIME_STAMP };
#define DELTA_BITS 27

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Bytes of a sched_switch event up to the end of its last field that is read. */
static size_t switch_bytes(const struct switch_format *format)
{
	return larger(format->prev_comm + sizeof(((struct task_switch *)NULL)->prev_comm),
		      larger(format->prev_pid, format->next_pid) + sizeof(int));
}

static void add(struct switches *switches, const struct switch_format *format, uint64_t time, unsigned int cpu,
		const char *data)
{
	struct task_switch *one;

	if (switches->count == switches->room) {
		switches->room = switches->room ? 2 * switches->room : 4096;
		switches->all = realloc(switches->all, switches->room * sizeof(*switches->all));
		if (!switches->all)
			fail("trace", "no memory for the switches");
	}
	one = &switches->all[switches->count++];
	one->at_ns = time;
	one->cpu = cpu;
	memcpy(one->prev_comm, data + format->prev_comm, sizeof(one->prev_comm));
	memcpy(&one->prev_pid, data + format->prev_pid, sizeof(one->prev_pid));
	memcpy(&one->next_pid, data + format->next_pid, sizeof(one->next_pid));
}

void trace_page_parse(const struct switch_format *format, const char *page, size_t size, unsigned int cpu,
		      struct switches *switches)
{
	uint64_t time, commit;
	size_t used;

	if (size < PAGE_HEADER)
		fail("trace", "a page of the tracer is too short");
	memcpy(&time, page, sizeof(time));
	memcpy(&commit, page + 8, sizeof(commit));
	used = PAGE_HEADER + (commit & COMMITTED);
	if (commit & MISSED)
		switches->lost++;
	if (used > size)
		fail("trace", "a page of the tracer claims more bytes than it has");
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
			at += 4 + (size_t)second;
		} else if (kind == TIME_EXTEND) {
			time += ((uint64_t)second << DELTA_BITS) + delta;
			at += 8;
		} else if (kind == TIME_STAMP) {
			time = (time & ~((1ULL << 59) - 1)) | (((uint64_t)second << DELTA_BITS) + delta);
			at += 8;
		} else {
			size_t data = at + (kind ? 4 : 8), next = at + 4 + (kind ? kind * 4 : (size_t)second);

			time += delta;
			if (next > used || data + sizeof(type) > next)
				fail("trace", "an event of the tracer goes beyond its page");
			memcpy(&type, page + data, sizeof(type));
			if (type == format->type) {
				if (data + switch_bytes(format) > next)
					fail("trace", "a sched_switch event is cut");
				add(switches, format, time, cpu, page + data);
			}
			at = next;
		}
	}
}
