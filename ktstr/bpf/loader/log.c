// SPDX-License-Identifier: GPL-2.0-only
/* What the loader and libbpf say on stderr, and the verifier's log of a refused program. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The refusal is at the end of a program's log; the kernel keeps the end of what does not fit (from 6.4 on).
 * A log that the kernel has to grow into costs a verification for each doubling, so the size is fixed.
 */
#define VERIFIER_LOG_BYTES (64 << 10)

static char first_warning[512];

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG)
		return 0;
	if (level == LIBBPF_WARN && !first_warning[0]) {
		va_list copy;

		va_copy(copy, args);
		vsnprintf(first_warning, sizeof(first_warning), format, copy);
		va_end(copy);
		first_warning[strcspn(first_warning, "\n")] = '\0';
	}
	return vfprintf(stderr, format, args);
}

void log_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stderr, NULL, _IOLBF, 0);
	libbpf_set_print(print);
}

void log_forget(void)
{
	first_warning[0] = '\0';
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "loader: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

const char *log_first_warning(void)
{
	static const char prefix[] = "libbpf: ";

	return strncmp(first_warning, prefix, sizeof(prefix) - 1) ? first_warning : first_warning + sizeof(prefix) - 1;
}

int log_collect(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		char *buffer;

		if (!bpf_program__autoload(program))
			continue;
		buffer = calloc(1, VERIFIER_LOG_BYTES);
		if (!buffer || bpf_program__set_log_buf(program, buffer, VERIFIER_LOG_BYTES)) {
			say("out of memory for the verifier's log");
			return -1;
		}
	}
	return 0;
}

/*
 * The line of a verifier's log that says what was wrong: the last one before the statistics and, from 7.3 on, before
 * the explanation that starts with "Verification failed".
 */
static const char *last_complaint(char *log)
{
	const char *last = "";

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "processed ", 10) || !strncmp(line, "Verification failed", 19))
			break;
		if (*line)
			last = line;
	}
	return last;
}

const char *log_report(struct bpf_object *object, const char **reason)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		size_t size;
		char *log = (char *)bpf_program__log_buf(program, &size);

		if (!log || !log[0])
			continue;
		fprintf(stderr, "--- verifier log of %s ---\n", bpf_program__name(program));
		fwrite(log, 1, strnlen(log, size), stderr);
		fprintf(stderr, "--- end of the verifier log ---\n");
		log[size - 1] = '\0';
		*reason = last_complaint(log);
		return bpf_program__name(program);
	}
	return NULL;
}
