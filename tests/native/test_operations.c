// SPDX-License-Identifier: GPL-2.0-only
/* Operations for tests: some of their own, and a `spawn` that reports the work that it reads from the plan. */
#include <ktstr/operation.h>

#include <errno.h>

#include "queue.h"
#include "work_parse.h"

static bool measure(const struct arguments *arguments)
{
	emit_begin("measure");
	emit_u64("cpu", argument_u32(arguments, "cpu"));
	emit_u64("at_ns", argument_u64(arguments, "at_ns"));
	emit_text("name", argument_text(arguments, "name"));
	for (char *const *one = arguments_from(arguments, "rest"); *one; one++)
		emit_text("rest", *one);
	emit_end();
	return true;
}
KTSTR_OPERATION(measure, "cpu:u32 at_ns:u64 name:text rest...", measure);

static bool stop(const struct arguments *arguments)
{
	(void)arguments;
	return false;
}
KTSTR_OPERATION(stop, "", stop);

static bool refused(const struct arguments *arguments)
{
	errno = ENOMEM;
	operation_refused(argument_text(arguments, "what"));
	return true;
}
KTSTR_OPERATION(refused, "what", refused);

/* A hold without workers: what is queued for a time up to `ns` is carried out, as fast as it can be. */
static bool due(const struct arguments *arguments)
{
	uint64_t ns = argument_u64(arguments, "ns");

	for (uint64_t now = 0; now < ns;) {
		now = queue_before(ns);
		if (!queue_due(now))
			return false;
	}
	return true;
}
KTSTR_OPERATION(due, "ns:u64", due);

static bool spawn(const struct arguments *arguments)
{
	struct work work = work_parse(argument_text(arguments, "type"), arguments_from(arguments, "parameter"));

	emit_begin("spawn");
	emit_text("type", work.type->name);
	emit_i64("policy", work.policy);
	for (unsigned int i = 0; work.type->parameters[i]; i++)
		emit_u64("parameter", work_parameter(&work, i));
	emit_end();
	return true;
}
KTSTR_OPERATION(spawn, "cgroup count:u32 type parameter...", spawn);
