// SPDX-License-Identifier: GPL-2.0-only
/* Reads a worker's work from the plan: `bursty burst_ns=50000000 sleep_ns=100000000 policy=normal`. */
#include "work_parse.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker_policy.h"

#define WHERE "plan"
#define POLICY "policy="
#define SETTING '+' /* begins a word that is about the worker, not about its work */

/* The linker's names for the ends of the section. */
extern const struct work_type __start_ktstr_work_types[], __stop_ktstr_work_types[];

/* Adds a name to a list in a message; a list that is longer than the message is cut. */
static void list(char *names, size_t size, const char *name, size_t length)
{
	size_t used = strlen(names);

	snprintf(names + used, size - used, "%s%.*s", used ? ", " : "", (int)length, name);
}

static const struct work_type *find_type(const char *name)
{
	char names[480] = "";

	for (const struct work_type *one = __start_ktstr_work_types; one < __stop_ktstr_work_types; one++) {
		if (!strcmp(one->name, name))
			return one;
		list(names, sizeof(names), one->name, strlen(one->name));
	}
	fail_format(WHERE, "spawn: %s: there is no such work type; there are %s", name, names);
}

#define TEXT ":text" /* ends the name of a parameter that is one */

/* The parameter that a word "key=value" names. */
static unsigned int find_parameter(const struct work_type *type, const char *word)
{
	size_t length = strcspn(word, "=");
	char names[256] = "";
	unsigned int i;

	for (i = 0; type->parameters[i]; i++) {
		const char *name = type->parameters[i];
		size_t named = strcspn(name, "=:");

		if (named == length && !strncmp(name, word, length) && word[length] == '=')
			return i;
		list(names, sizeof(names), name, named);
	}
	list(names, sizeof(names), POLICY, strlen(POLICY) - 1);
	fail_format(WHERE, "spawn: %s: %s: there is no such parameter; there are %s", type->name, word, names);
}

static bool is_text(const char *parameter)
{
	const char *suffix = strchr(parameter, ':');

	return suffix && !strcmp(suffix, TEXT);
}

static uint64_t parse_value(const struct work_type *type, const char *word)
{
	const char *text = word + strcspn(word, "=") + 1;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		fail_format(WHERE, "spawn: %s: %s: must be a whole number", type->name, word);
	return value;
}

struct work work_parse(const char *type, char *const *words)
{
	struct work work = { .type = find_type(type), .policy = SCHED_OTHER };
	bool given[KTSTR_MAX_PARAMETERS] = { false };

	for (; *words; words++) {
		unsigned int index;

		if (**words == SETTING)
			continue;
		if (!strncmp(*words, POLICY, strlen(POLICY))) {
			work.policy = worker_policy_parse("spawn", *words + strlen(POLICY));
			continue;
		}
		index = find_parameter(work.type, *words);
		if (is_text(work.type->parameters[index]))
			work.parameters[index] = (uintptr_t)(*words + strcspn(*words, "=") + 1);
		else
			work.parameters[index] = parse_value(work.type, *words);
		given[index] = true;
	}
	for (unsigned int i = 0; work.type->parameters[i]; i++) {
		if (given[i])
			continue;
		if (!strchr(work.type->parameters[i], '='))
			fail_format(WHERE, "spawn: %s: %.*s is missing", work.type->name,
				    (int)strcspn(work.type->parameters[i], ":"), work.type->parameters[i]);
		work.parameters[i] = parse_value(work.type, work.type->parameters[i]);
	}
	return work;
}
