// SPDX-License-Identifier: GPL-2.0-only
/* Dispatches a line of the plan to its operation, once its arguments are known to be what the operation takes. */
#include "operations.h"

#include <errno.h>
#include <stdlib.h>
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

/* A whole number in decimal, without sign or space; false if the text is not one or does not fit 64 bits. */
static bool parse_u64(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
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

bool operation_carry_out(const struct plan_line *line)
{
	struct arguments arguments = { .operation = find_operation(line->token[0]), .line = line };

	check(&arguments);
	return arguments.operation->carry_out(&arguments);
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
