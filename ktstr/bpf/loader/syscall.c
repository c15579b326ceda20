// SPDX-License-Identifier: GPL-2.0-only
/* --run name[=number,...]: runs a program of SEC("syscall"), as the userspace programs of schedulers do to set them up. */
#include "syscall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "log.h"

#define MAX_ARGUMENTS 32
#define CALL_BYTES 1024

/* Reads the numbers. Returns how many there are, or -1 having said what is wrong. */
static int read_arguments(const char *call, char *text, __u64 *arguments)
{
	int count = 0;

	for (char *part = text ? strtok(text, ",") : NULL; part; part = strtok(NULL, ",")) {
		char *end;

		if (count == MAX_ARGUMENTS) {
			say("--run %s: more than %d arguments", call, MAX_ARGUMENTS);
			return -1;
		}
		errno = 0;
		arguments[count++] = part[0] == '-' ? (__u64)strtoll(part, &end, 0) : strtoull(part, &end, 0);
		if (errno || *end || !*part) {
			say("--run %s: %s is no number of 64 bits", call, part);
			return -1;
		}
	}
	return count;
}

int syscall_run(struct bpf_object *object, const char *call)
{
	__u64 arguments[MAX_ARGUMENTS] = {};
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct bpf_program *program;
	char name[CALL_BYTES], *text;
	int count;

	if ((size_t)snprintf(name, sizeof(name), "%s", call) >= sizeof(name)) {
		say("--run %s: too long", call);
		return -1;
	}
	text = strchr(name, '=');
	if (text)
		*text++ = '\0';
	program = bpf_object__find_program_by_name(object, name);
	if (!program || bpf_program__type(program) != BPF_PROG_TYPE_SYSCALL) {
		say("--run %s: the object has no program of SEC(\"syscall\") with that name", name);
		return -1;
	}
	count = read_arguments(call, text, arguments);
	if (count < 0)
		return -1;
	if (count) {
		options.ctx_in = arguments;
		options.ctx_size_in = count * sizeof(arguments[0]);
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options)) {
		say("running program %s was refused by the kernel: %s", name, strerror(errno));
		return -1;
	}
	if (options.retval) {
		say("program %s returned %d, not 0", name, (int)options.retval);
		return -1;
	}
	printf("ran %s\n", call);
	return 0;
}
