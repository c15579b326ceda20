// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log since the plan began. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int kmsg = -1;

void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

/* A record is "priority,sequence,usec,flags;text\n key=value\n..."; one read gives one record. */
void kmsg_emit(void)
{
	char record[8192];
	ssize_t got;

	while (kmsg >= 0) {
		unsigned long long usec = 0;
		unsigned int priority = 0;
		char *text, *end;

		got = read(kmsg, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE) /* overwritten before it was read: the next read goes on behind it */
			continue;
		if (got <= 0)
			return;
		record[got] = '\0';
		text = strchr(record, ';');
		if (!text || sscanf(record, "%u,%*u,%llu", &priority, &usec) != 2)
			continue;
		end = strchr(++text, '\n');
		if (end)
			*end = '\0';
		emit_begin("kmsg");
		emit_u64("level", priority & 7);
		emit_u64("at_ns", usec * 1000);
		emit_text("text", text);
		emit_end();
	}
}
