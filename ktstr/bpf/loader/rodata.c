// SPDX-License-Identifier: GPL-2.0-only
/* --rodata name=value: sets an integer, boolean or enumeration among the object's read-only globals. */
#include "rodata.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "number.h"
#include "variable.h"

#define NEAR_NAMES 5
#define NAME_BYTES 128

struct search {
	const char *name;
	bool found;
	struct variable variable;
	struct near_name {
		int distance;
		char name[NAME_BYTES];
	} near[NEAR_NAMES];
	int nears;
};

/* The edit distance of two names: how many characters to insert, remove or replace. */
static int distance(const char *a, const char *b)
{
	int row[NAME_BYTES + 1];
	int columns = strnlen(b, NAME_BYTES);

	for (int j = 0; j <= columns; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= columns; j++) {
			int best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[columns];
}

static void remember_near(struct search *search, const char *name)
{
	struct near_name near = { .distance = distance(search->name, name) };
	int i = search->nears;

	snprintf(near.name, sizeof(near.name), "%s", name);
	if (i == NEAR_NAMES && search->near[--i].distance <= near.distance)
		return;
	for (; i > 0 && search->near[i - 1].distance > near.distance; i--)
		search->near[i] = search->near[i - 1];
	search->near[i] = near;
	if (search->nears < NEAR_NAMES)
		search->nears++;
}

static void match(void *context, const char *name, const struct variable *variable)
{
	struct search *search = context;

	if (!strcmp(name, search->name)) {
		search->found = true;
		search->variable = *variable;
	} else if (btf_is_int(variable->type) || btf_is_any_enum(variable->type)) {
		remember_near(search, name);
	}
}

static int unknown(const struct search *search)
{
	char names[NEAR_NAMES * (NAME_BYTES + 2) + 1] = "";

	for (int i = 0; i < search->nears; i++) {
		strcat(names, i ? ", " : "");
		strcat(names, search->near[i].name);
	}
	say("--rodata %s: the object has no such const volatile variable%s%s", search->name,
	    search->nears ? "; it has " : "", names);
	return -1;
}

int rodata_set(struct bpf_object *object, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	struct search search = {};
	char name[NAME_BYTES];
	__u64 value;

	if (!equals || equals == assignment || equals - assignment >= NAME_BYTES) {
		say("--rodata %s: must be name=value", assignment);
		return -1;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment), assignment);
	search.name = name;
	variables_visit(object, match, &search);
	if (!search.found)
		return unknown(&search);
	if (!number_fits(&search.variable)) {
		say("--rodata %s: not an integer, bool or enum of at most 64 bits", name);
		return -1;
	}
	if (number_parse("--rodata", name, &search.variable, equals + 1, &value))
		return -1;
	variable_store(&search.variable, value);
	return 0;
}
