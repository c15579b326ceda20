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

/* What a call asks for: the program, and the context with its size, 0 for none. */
struct call {
	struct bpf_program *program;
	char name[CALL_BYTES];
	__u64 context[CONTEXT_BYTES / sizeof(__u64)];
	int size;
};

static int call_read(struct bpf_object *object, const char *text, struct call *call)
{
	char *arguments;

	if ((size_t)snprintf(call->name, sizeof(call->name), "%s", text) >= sizeof(call->name)) {
		say("--run %s: too long", text);
		return -1;
	}
	arguments = strchr(call->name, '=');
	if (arguments)
		*arguments++ = '\0';
	call->program = bpf_object__find_program_by_name(object, call->name);
	if (!call->program || bpf_program__type(call->program) != BPF_PROG_TYPE_SYSCALL) {
		say("--run %s: the object has no program of SEC(\"syscall\") with that name", call->name);
		return -1;
	}
	call->size = context_fill(object, call->name, arguments, call->context);
	return call->size < 0 ? -1 : 0;
}

int syscall_check(struct bpf_object *object, const char *text)
{
	struct call call;

	return call_read(object, text, &call);
}

int syscall_run(struct bpf_object *object, const char *text)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct call call;
	int error;

	if (call_read(object, text, &call))
		return -1;
	if (call.size) {
		options.ctx_in = call.context;
		options.ctx_size_in = call.size;
	}
	error = run_on_first_cpu(bpf_program__fd(call.program), &options);
	if (error) {
		say("running program %s was refused by the kernel: %s", call.name, strerror(-error));
		return -1;
	}
	if (options.retval) {
		say("program %s returned %d, not 0", call.name, (int)options.retval);
		return -1;
	}
	printf("ran %s\n", text);
	return 0;
}
