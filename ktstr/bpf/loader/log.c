// SPDX-License-Identifier: GPL-2.0-only
/* What the loader and libbpf say on stderr, and the verifier's log of a refused program. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The refusal is at the end of a program's log; the kernel keeps the end of what does not fit (from 6.4 on).
 * A log that the kernel has to grow into costs a verification for each doubling, so the size is fixed.
 */
#define VERIFIER_LOG_BYTES (64 << 10)
/* Of the logs behind the first ones, the ends; from 7.3 on, an explanation of one or two KiB is there. */
#define SHORT_LOG_BYTES (6 << 10)

static char first_warning[512];
static char last_detail[512];
static bool keeps_details;
static char first_blame[512]; /* the first warning about the program that libbpf warned of last */

static const char *without_prefix(const char *warning)
{
	static const char prefix[] = "libbpf: ";

	return strncmp(warning, prefix, sizeof(prefix) - 1) ? warning : warning + sizeof(prefix) - 1;
}

/* Whether two warnings name one program: `prog 'name': ...`. */
static bool same_program(const char *one, const char *other)
{
	size_t length = strcspn(one, ":") + 1;

	return !strncmp(one, other, length);
}

static void remember(const char *warning)
{
	const char *text = without_prefix(warning);

	/* libbpf goes on, and has a warning of its own if that fails. */
	if (strstr(text, "Retrying without BTF") || strstr(text, "Ignored and continue"))
		return;
	if (!first_warning[0])
		snprintf(first_warning, sizeof(first_warning), "%s", text);
	if (!strncmp(text, "prog '", 6) && !same_program(text, first_blame))
		snprintf(first_blame, sizeof(first_blame), "%s", text);
}

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level == LIBBPF_WARN || (level == LIBBPF_DEBUG && keeps_details)) {
		va_list copy;

		va_copy(copy, args);
		vsnprintf(line, sizeof(line), format, copy);
		va_end(copy);
		line[strcspn(line, "\n")] = '\0';
		if (level == LIBBPF_WARN)
			remember(line);
		else if (!first_warning[0])
			snprintf(last_detail, sizeof(last_detail), "%s", without_prefix(line));
	}
	if (level == LIBBPF_DEBUG)
		return 0;
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
	first_blame[0] = '\0';
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

bool log_is_vague(void)
{
	return !first_warning[0] || strstr(first_warning, "Error loading ELF section");
}

void log_keep_details(void)
{
	log_forget();
	keeps_details = true;
}

const char *log_first_warning(void)
{
	return first_warning;
}

const char *log_reason(int error)
{
	static char text[sizeof(last_detail) + sizeof(": ") + sizeof(first_warning)];
	char meaning[128];

	libbpf_strerror(error, meaning, sizeof(meaning));
	snprintf(text, sizeof(text), "%s%s%s", last_detail, last_detail[0] ? ": " : "",
		 first_warning[0] ? first_warning : meaning);
	return text;
}

const char *log_blamed(char *name, size_t size)
{
	const char *start = first_blame + strlen("prog '");

	if (!first_blame[0] || (size_t)snprintf(name, size, "%.*s", (int)strcspn(start, "'"), start) >= size)
		return NULL;
	return first_blame;
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

/* The last line before the statistics and, from 7.3 on, before the explanation that starts with "Verification failed". */
const char *log_complaint(char *log)
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

const char *log_statistics(char *log)
{
	char *line = strstr(log, "processed ");

	if (!line)
		return "";
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void log_print(const char *program, const char *log)
{
	/* The agent passes on half a MiB: an object of which many programs are refused must not lose some of them. */
	static size_t room = 192 << 10;
	size_t length = strlen(log), most = room > SHORT_LOG_BYTES ? room : SHORT_LOG_BYTES;
	const char *start = log;

	if (length > most) {
		start = strchr(log + length - most, '\n');
		start = start ? start + 1 : log + length;
	}
	length = strlen(start);
	room -= length < room ? length : room;
	fprintf(stderr, "--- verifier log of %s ---\n", program);
	fputs(start, stderr);
	fprintf(stderr, "--- end of the verifier log ---\n");
}

const char *log_report(struct bpf_object *object, const char **reason)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		size_t size;
		char *log = (char *)bpf_program__log_buf(program, &size);

		if (!log || !log[0])
			continue;
		log[size - 1] = '\0';
		log_print(bpf_program__name(program), log);
		*reason = log_complaint(log);
		return bpf_program__name(program);
	}
	return NULL;
}
