// SPDX-License-Identifier: GPL-2.0-only
/* A call of a BPF program of SEC("syscall"), which userspace runs with BPF_PROG_TEST_RUN. */
#include "call.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/event.h>

#include "agent.h"
#include "bpf.h"
#include "btf_load.h"
#include "held.h"
#include "member.h"
#include "number.h"

#define U64 ((uint32_t)sizeof(uint64_t))

static bool wrong(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct call *call, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(call->wrong, sizeof(call->wrong), format, arguments);
	va_end(arguments);
	return false;
}

/* The function that a program is; the kernel's own name of it is cut at 15 characters. */
static const struct btf_type *function_of(struct call *call, int fd)
{
	struct bpf_func_info function = { 0 };
	struct bpf_prog_info program = {
		.nr_func_info = 1,
		.func_info_rec_size = sizeof(function),
		.func_info = (uint64_t)(uintptr_t)&function,
	};
	const struct btf_type *type;

	bpf_info(fd, &program, sizeof(program));
	if (program.type != BPF_PROG_TYPE_SYSCALL || !program.nr_func_info || !btf_load(&call->btf, program.btf_id))
		return NULL;
	type = btf_type(&call->btf, function.type_id);
	return type && BTF_INFO_KIND(type->info) == BTF_KIND_FUNC ? type : NULL;
}

/* What the first parameter of a function points to, if that is a struct; else 0. */
static uint32_t context_of(const struct btf *btf, const struct btf_type *function)
{
	const struct btf_type *type = btf_type(btf, function->type);
	const struct btf_param *first;
	uint32_t id = 0;

	if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_FUNC_PROTO || !BTF_INFO_VLEN(type->info))
		return 0;
	first = (const void *)(type + 1);
	type = btf_type(btf, first->type);
	if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_PTR)
		return 0;
	for (id = type->type; (type = btf_type(btf, id)); id = type->type) {
		switch (BTF_INFO_KIND(type->info)) {
		case BTF_KIND_STRUCT:
			return id;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
			break;
		default:
			return 0;
		}
	}
	return 0;
}

bool call_find(struct call *call, const char *name)
{
	size_t used = 0;
	char names[160] = "";

	for (unsigned int i = 0; i < held_count(); i++) {
		const struct btf_type *function = function_of(call, held_program(i));
		const char *is = function ? btf_text(&call->btf, function->name_off) : "";

		if (!function)
			continue;
		if (!strcmp(is, name)) {
			call->program = held_program(i);
			call->context = context_of(&call->btf, function);
			return true;
		}
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", is);
	}
	if (!held_count())
		return wrong(call, "no scheduler was attached");
	return wrong(call, "the scheduler has no program of SEC(\"syscall\") with that name; it has %s", used ? names : "none");
}

/* The task of worker CGROUP/NUMBER, as reports call it; 0 if there is none. */
static uint64_t task_of(const char *worker)
{
	const char *slash = strrchr(worker, '/');
	char *end;
	unsigned long index = slash ? strtoul(slash + 1, &end, 10) : 0;
	const struct worker *found;

	if (!slash || end == slash + 1 || *end || index >= agent.workers.count)
		return 0;
	found = &agent.workers.all[index];
	if (!found->pid || found->ended || strlen(found->cgroup) != (size_t)(slash - worker) ||
	    strncmp(found->cgroup, worker, (size_t)(slash - worker)))
		return 0;
	return (uint64_t)worker_task(found);
}

static bool parse(struct call *call, const char *text, uint64_t *value)
{
	char *end;

	if (*text == '@') {
		*value = task_of(text + 1);
		return *value || wrong(call, "%s: no such worker is running", text + 1);
	}
	errno = 0;
	*value = *text == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	return (!errno && end != text && !*end) || wrong(call, "%s: is no number of 64 bits", text);
}

/* Where a value goes: `.member=7` by its path, or the `at`-th u64. `text` is what is after the place. */
static bool place_of(struct call *call, const char *value, unsigned int at, struct btf_number *number, const char **text)
{
	const char *equals = strchr(value, '=');
	char path[256];

	if (*value != '.' || !equals) {
		*number = (struct btf_number){ .offset = at * U64, .size = U64 };
		*text = value;
		return true;
	}
	*text = equals + 1;
	if (!call->context)
		return wrong(call, "%s: its context is no struct; must be numbers", value + 1);
	if ((size_t)snprintf(path, sizeof(path), "%.*s", (int)(equals - value), value) >= sizeof(path))
		return wrong(call, "%s: too long", value + 1);
	if (!btf_path_find(&call->btf, call->context, path, number))
		return wrong(call, "%s: %s", path + 1, number->wrong);
	return (size_t)number->offset + number->size <= sizeof(call->bytes) ||
	       wrong(call, "%s: is beyond the %zu bytes that a context may have", path + 1, sizeof(call->bytes));
}

static bool fits(const struct btf_number *number, uint64_t value)
{
	return number->is_bool ? value < 2 : number_load(number, (const char *)&value) == value;
}

bool call_fill(struct call *call, char *const *values)
{
	const struct btf_type *context = btf_type(&call->btf, call->context);

	if (context)
		call->size = context->size;
	for (unsigned int i = 0; values[i]; i++) {
		struct btf_number *number = &call->places[i];
		const char *text;
		uint64_t value;

		if (i == CALL_VALUES)
			return wrong(call, "more than %d values", CALL_VALUES);
		if (!place_of(call, values[i], i, number, &text) || !parse(call, text, &value))
			return false;
		if (!fits(number, value))
			return wrong(call, "%s: does not fit into %u bytes", values[i] + (*values[i] == '.'), number->size);
		memcpy(call->bytes + number->offset, &value, number->size);
		if (call->size < number->offset + number->size)
			call->size = number->offset + number->size;
	}
	return call->size <= sizeof(call->bytes) ||
	       wrong(call, "its context has %zu bytes, accepted are %zu", call->size, sizeof(call->bytes));
}

bool call_run(struct call *call)
{
	union bpf_attr attributes = {
		.test = {
			.prog_fd = (uint32_t)call->program,
			.ctx_size_in = (uint32_t)call->size,
			.ctx_in = call->size ? (uint64_t)(uintptr_t)call->bytes : 0,
		},
	};

	if (bpf(BPF_PROG_TEST_RUN, &attributes))
		return false;
	call->returned = (int32_t)attributes.test.retval;
	return true;
}

void call_emit(const struct call *call, const char *key, char *const *values)
{
	char text[4096] = "";
	size_t used = 0;

	for (unsigned int i = 0; values[i] && used < sizeof(text); i++) {
		const struct btf_number *number = &call->places[i];
		bool named = *values[i] == '.';
		uint64_t value = number_load(number, call->bytes + number->offset);

		used += (size_t)snprintf(text + used, sizeof(text) - used, number->is_signed ? "%s%.*s%lld" : "%s%.*s%llu",
					 used ? " " : "", named ? (int)strcspn(values[i], "=") : 0, values[i] + named,
					 (unsigned long long)value);
	}
	emit_text(key, text);
}

void call_end(struct call *call)
{
	btf_free(&call->btf);
}
