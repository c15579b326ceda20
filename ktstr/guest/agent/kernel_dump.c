// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's debug dump of a scheduler that it ejects: the tracepoint sched_ext_dump has all of it. What the
 * scheduler gets and may print is cut at ops.exit_dump_len.
 */
#include "kernel_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/event.h>
#include <ktstr/operation.h>

#include "files.h"
#include "system.h"

/* A tracing instance of its own: others start, stop and read the main one. */
#define INSTANCE "/sys/kernel/tracing/instances/ktstr_dump/"
#define MOST (256 * 1024) /* bytes of a dump that are reported */
#define DEFAULT_KB 64	  /* of a CPU's buffer, by the kernel's command line (trace_buf_size) */
#define KB_PER_CPU 2	  /* of a dump, about; one CPU writes all of it */

void kernel_dump_open(void)
{
	unsigned int kb = KB_PER_CPU * system_cpus();
	char text[24];

	if (mkdir(INSTANCE, 0755) && errno != EEXIST)
		return;
	snprintf(text, sizeof(text), "%u", kb);
	if (kb > DEFAULT_KB)
		file_write(INSTANCE "buffer_size_kb", text);
	/* Without task, CPU and time before each line. */
	file_write(INSTANCE "options/context-info", "0");
	file_write(INSTANCE "events/sched_ext/sched_ext_dump/enable", "1");
}

void kernel_dump_ask(void)
{
	if (!file_write("/proc/sysrq-trigger", "D"))
		operation_refused("SysRq-D");
}

static void emit_dump_line(const char *text)
{
	static const char event[] = "sched_ext_dump: ";
	const char *begin = strstr(text, event);

	emit_begin("sched_dump");
	emit_text("text", begin ? begin + sizeof(event) - 1 : text);
	emit_end();
}

void kernel_dump_emit(void)
{
	int fd = open(INSTANCE "trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char buffer[4096], line[2048];
	size_t used = 0, total = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, buffer, sizeof(buffer))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (buffer[i] != '\n' && used < sizeof(line) - 1) {
				line[used++] = buffer[i];
				continue;
			}
			line[used] = '\0';
			used = 0;
			total += strlen(line) + 1;
			if (total <= MOST)
				emit_dump_line(line);
		}
	}
	if (total > MOST) {
		snprintf(line, sizeof(line), "(ktstr: %zu bytes more are left out)", total - MOST);
		emit_dump_line(line);
	}
	if (fd >= 0)
		close(fd);
}
