// SPDX-License-Identifier: GPL-2.0-only
/*
 * run_program NAME LEAST MOST VALUE...: runs a program of SEC("syscall") of the scheduler, as its userspace program could.
 * Between LEAST and MOST is what it is to return, both `-` if that is not asked.
 */
#include <ktstr/operation.h>

#include <stdlib.h>
#include <string.h>

#include "call.h"

static void refuse(const char *name, const char *why)
{
	emit_begin("program_refused");
	emit_text("name", name);
	emit_text("why", why);
	emit_end();
}

static bool run_program(const struct arguments *arguments)
{
	const char *name = argument_text(arguments, "name"), *least = argument_text(arguments, "least"),
		   *most = argument_text(arguments, "most");
	char *const *values = arguments_from(arguments, "value");
	struct call call = { 0 };

	if (!call_find(&call, name) || !call_fill(&call, values)) {
		refuse(name, call.wrong);
		call_end(&call);
		return false;
	}
	if (!call_run(&call)) {
		operation_refused("BPF_PROG_TEST_RUN");
		call_end(&call);
		return true;
	}
	emit_begin("program_ran");
	emit_text("name", name);
	emit_i64("returned", call.returned);
	if (strcmp(least, "-")) {
		emit_i64("least", strtoll(least, NULL, 10));
		emit_i64("most", strtoll(most, NULL, 10));
	}
	call_emit(&call, "context", values);
	emit_end();
	call_end(&call);
	return true;
}
KTSTR_OPERATION(run_program, "name least most value...", run_program);
