// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log. */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "files.h"

static int kmsg = -1;

struct kmsg_record {
	unsigned int level;
	bool of_kernel; /* or a program's, which wrote it to /dev/kmsg */
	uint64_t at_ns;
	char *text;
	char raw[8192];
};

void kmsg_prepare(void)
{
	/* A guest that panics cannot be asked. From 6.18 on; older kernels have a bit of panic_print. */
	if (!file_write("/sys/module/kernel/parameters/panic_console_replay", "1"))
		file_write("/proc/sys/kernel/panic_print", "32");
}

void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0 && lseek(kmsg, 0, SEEK_END) < 0)
		fail_errno("kmsg", "seeking to the log's end");
}

/* The next record of the log, without the fields after its text; false, with errno, if there is none. */
static bool next_record(int fd, struct kmsg_record *record)
{
	/* "priority,sequence,usec,flags;text\n key=value\n..."; one read gives one record. */
	for (;;) {
		unsigned long long usec = 0;
		unsigned int priority = 0;
		ssize_t got = read(fd, record->raw, sizeof(record->raw) - 1);
		char *end;

		if (got < 0 && errno == EPIPE) /* overwritten before it was read: the next read goes on behind it */
			continue;
		if (got <= 0)
			return false;
		record->raw[got] = '\0';
		record->text = strchr(record->raw, ';');
		if (!record->text || sscanf(record->raw, "%u,%*u,%llu", &priority, &usec) != 2)
			continue;
		end = strchr(++record->text, '\n');
		if (end)
			*end = '\0';
		record->level = priority & 7;
		record->of_kernel = !(priority >> 3); /* the facility, which a program cannot make 0 */
		record->at_ns = usec * 1000;
		return true;
	}
}

void kmsg_emit(void)
{
	struct kmsg_record record;

	while (kmsg >= 0 && next_record(kmsg, &record)) {
		if (!record.of_kernel)
			continue;
		emit_begin("kmsg");
		emit_u64("level", record.level);
		emit_u64("at_ns", record.at_ns);
		emit_text("text", record.text);
		emit_end();
	}
}

int kmsg_all(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		fail_errno("kmsg", "/dev/kmsg");
	return fd;
}

ssize_t kmsg_line(int fd, char *line, size_t size)
{
	struct kmsg_record record;
	int length;

	if (!next_record(fd, &record))
		return -1;
	length = snprintf(line, size, "[%5llu.%06llu] %s\n", (unsigned long long)(record.at_ns / NSEC_PER_SEC),
			  (unsigned long long)(record.at_ns % NSEC_PER_SEC / 1000), record.text);
	return length < (int)size ? length : (ssize_t)size - 1;
}
