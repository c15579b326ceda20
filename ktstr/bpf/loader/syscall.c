// SPDX-License-Identifier: GPL-2.0-only
/* --run name[=number,...]: runs a program of SEC("syscall"), as the userspace programs of schedulers do to set them up. */
#define _GNU_SOURCE /* cpu_set_t */
#include "syscall.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "context.h"
#include "log.h"

#define CALL_BYTES 4096

/*
 * A program may start what belongs to the CPU it runs on, such as a timer. Userspace programs that do so say which CPU;
 * here it is always the first.
 */
static int run_on_first_cpu(int fd, struct bpf_test_run_opts *options)
{
	cpu_set_t before, first;
	int error;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_getaffinity(0, sizeof(before), &before) || sched_setaffinity(0, sizeof(first), &first))
		return -errno;
	error = bpf_prog_test_run_opts(fd, options);
	if (sched_setaffinity(0, sizeof(before), &before))
		return -errno;
	return error;
}

int syscall_run(struct bpf_object *object, const char *call)
{
	__u64 context[CONTEXT_BYTES / sizeof(__u64)];
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct bpf_program *program;
	char name[CALL_BYTES], *text;
	int size, error;

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
	size = context_fill(object, name, text, context);
	if (size < 0)
		return -1;
	if (size) {
		options.ctx_in = context;
		options.ctx_size_in = size;
	}
	error = run_on_first_cpu(bpf_program__fd(program), &options);
	if (error) {
		say("running program %s was refused by the kernel: %s", name, strerror(-error));
		return -1;
	}
	if (options.retval) {
		say("program %s returned %d, not 0", name, (int)options.retval);
		return -1;
	}
	printf("ran %s\n", call);
	return 0;
}
