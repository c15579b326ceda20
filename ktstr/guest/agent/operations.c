// SPDX-License-Identifier: GPL-2.0-only
/* Dispatches a line of the plan to its operation, once its arguments are known to be what the operation takes. */
#include "operations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ktstr/operation.h>

#define WHERE "plan"
#define REST "..."

struct arguments {
	const struct operation *operation;
	const struct plan_line *line;
};

enum type { TEXT, U32, U64, ANY_NUMBER_OF_TEXTS };

/* An argument as its operation declares it. */
struct declared {
	const char *name;
	int length; /* of the name */
	enum type type;
};

/* The linker's names for the ends of the section. */
extern const struct operation __start_ktstr_operations[], __stop_ktstr_operations[];

/* Takes the next argument from a declaration, "cpu:u32 at_ns:u64 rest..."; false after the last. */
static bool next_declared(const char **declaration, struct declared *argument)
{
	const char *word = *declaration;
	size_t length = strcspn(word, " "), name = strcspn(word, " :.");
	const char *type = word + name;

	if (!length)
		return false;
	*declaration = word + length + (word[length] == ' ');
	*argument = (struct declared){ .name = word, .length = (int)name, .type = TEXT };
	length -= name;
	if (length == sizeof(REST) - 1 && !strncmp(type, REST, length))
		argument->type = ANY_NUMBER_OF_TEXTS;
	else if (length == 4 && !strncmp(type, ":u64", length))
		argument->type = U64;
	else if (length == 4 && !strncmp(type, ":u32", length))
		argument->type = U32;
	else if (length && (length != 5 || strncmp(type, ":text", length)))
		fail_format(WHERE, "the agent declares an argument of no known type: %.*s", (int)(name + length), word);
	return true;
}

static const struct operation *find_operation(const char *name)
{
	for (const struct operation *one = __start_ktstr_operations; one < __stop_ktstr_operations; one++)
		if (!strcmp(one->name, name))
			return one;
	fail_format(WHERE, "%s: there is no such operation", name);
}

/*
 * A whole number in decimal, without sign or space; false if the text is not one or does not fit 64 bits. Numbers of as
 * many digits take as many instructions, zeros in front included: a hold that is cut shorter has to begin when the whole
 * one does, to the nanosecond.
 */
static bool parse_u64(const char *text, uint64_t *value)
{
	*value = 0;
	for (const char *at = text; *at; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (digit > 9 || __builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, digit, value))
			return false;
	}
	return *text;
}

static void check_number(const struct arguments *arguments, const struct declared *argument, const char *text)
{
	const char *name = arguments->operation->name;
	uint64_t value;

	if (!parse_u64(text, &value))
		fail_format(WHERE, "%s: %.*s=%s: must be a whole number", name, argument->length, argument->name, text);
	if (argument->type == U32 && value > UINT32_MAX)
		fail_format(WHERE, "%s: %.*s=%s: must be at most %u", name, argument->length, argument->name, text,
			    UINT32_MAX);
}

static void check(const struct arguments *arguments)
{
	const char *declaration = arguments->operation->arguments, *name = arguments->operation->name;
	const struct plan_line *line = arguments->line;
	struct declared argument;
	unsigned int index = 1;

	for (; next_declared(&declaration, &argument); index++) {
		if (argument.type == ANY_NUMBER_OF_TEXTS)
			return;
		if (index >= line->count)
			fail_format(WHERE, "%s: %.*s is missing", name, argument.length, argument.name);
		if (argument.type != TEXT)
			check_number(arguments, &argument, line->token[index]);
	}
	if (index < line->count)
		fail_format(WHERE, "%s: %s: is one argument too many", name, line->token[index]);
}

/* What the kernel has refused the operation that is being carried out. */
static struct {
	int error; /* errno; 0: nothing */
	char what[128];
} refusal;

void operation_refused(const char *what)
{
	refusal.error = errno;
	snprintf(refusal.what, sizeof(refusal.what), "%s", what);
}

/* Lines that make up the frame of a plan, and those that report by events of their own. */
static bool is_frame(const char *name)
{
	static const char *const frame[] = { "at", "hold", "monitor", "pace", "patience", "perturb", "perturber", "phase",
					     "progress", "recorder", "seed", "shell", "trace" };

	for (size_t i = 0; i < sizeof(frame) / sizeof(*frame); i++)
		if (!strcmp(name, frame[i]))
			return true;
	return false;
}

static void emit_words(const struct plan_line *line)
{
	char text[256];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 1; i < line->count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 1 ? " " : "", line->token[i]);
	emit_text("words", text);
}

static bool carry_out(const struct plan_line *line, const uint64_t *at_ns)
{
	struct arguments arguments = { .operation = find_operation(line->token[0]), .line = line };
	uint64_t began = now_ns();
	bool go;

	check(&arguments);
	refusal.error = 0;
	go = arguments.operation->carry_out(&arguments);
	if (is_frame(line->token[0]))
		return go;
	emit_begin("op");
	emit_text("name", line->token[0]);
	emit_words(line);
	if (at_ns)
		emit_u64("at_ns", *at_ns);
	emit_u64("began_ns", began);
	if (refusal.error) {
		emit_i64("errno", refusal.error);
		emit_text("error", strerror(refusal.error));
		emit_text("what", refusal.what);
	}
	emit_end();
	return go;
}

bool operation_carry_out(const struct plan_line *line)
{
	return carry_out(line, NULL);
}

bool operation_carry_out_at(const struct plan_line *line, uint64_t at_ns)
{
	return carry_out(line, &at_ns);
}

void operation_check(const struct plan_line *line)
{
	struct arguments arguments = { .operation = find_operation(line->token[0]), .line = line };

	check(&arguments);
}

/* The place in the line of the argument of that name. */
static unsigned int index_of(const struct arguments *arguments, const char *name)
{
	const char *declaration = arguments->operation->arguments;
	struct declared argument;

	for (unsigned int index = 1; next_declared(&declaration, &argument); index++)
		if (strlen(name) == (size_t)argument.length && !strncmp(argument.name, name, (size_t)argument.length))
			return index;
	fail_format(WHERE, "%s: the operation declares no argument %s", arguments->operation->name, name);
}

const char *argument_text(const struct arguments *arguments, const char *name)
{
	return arguments->line->token[index_of(arguments, name)];
}

void argument_refuse(const struct arguments *arguments, const char *name, const char *why)
{
	fail_format(WHERE, "%s: %s=%s: %s", arguments->operation->name, name, argument_text(arguments, name), why);
}

uint64_t argument_u64(const struct arguments *arguments, const char *name)
{
	uint64_t value;

	if (!parse_u64(argument_text(arguments, name), &value))
		argument_refuse(arguments, name, "must be a whole number");
	return value;
}

uint32_t argument_u32(const struct arguments *arguments, const char *name)
{
	uint64_t value = argument_u64(arguments, name);

	if (value > UINT32_MAX)
		argument_refuse(arguments, name, "must be at most 4294967295");
	return (uint32_t)value;
}

char *const *arguments_from(const struct arguments *arguments, const char *name)
{
	return &arguments->line->token[index_of(arguments, name)];
}
