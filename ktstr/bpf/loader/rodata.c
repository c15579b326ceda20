// SPDX-License-Identifier: GPL-2.0-only
/* --rodata name=value: sets an integer, boolean or enumeration among the object's read-only globals. */
#include "rodata.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
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

static bool is_signed(const struct variable *variable)
{
	return btf_is_int(variable->type) ? btf_int_encoding(variable->type) & BTF_INT_SIGNED :
					    btf_kflag(variable->type);
}

static bool is_bool(const struct variable *variable)
{
	return btf_is_int(variable->type) && (btf_int_encoding(variable->type) & BTF_INT_BOOL);
}

/* Reads a whole number in C's notation that fits the variable. Returns 0, or -1 having said what is accepted. */
static int parse(const struct search *search, const char *text, __u64 *value)
{
	const struct variable *variable = &search->variable;
	int bits = variable->size * 8;
	bool negative = text[0] == '-';
	char *end;

	if (is_bool(variable)) {
		if (!strcmp(text, "true") || !strcmp(text, "false"))
			*value = text[0] == 't';
		else if (!strcmp(text, "0") || !strcmp(text, "1"))
			*value = text[0] == '1';
		else
			goto refused_bool;
		return 0;
	}
	errno = 0;
	*value = negative ? (__u64)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	if (!text[0] || *end || text[0] == ' ' || text[0] == '+') {
		say("--rodata %s=%s: not a whole number", search->name, text);
		return -1;
	}
	if (is_signed(variable)) {
		__s64 high = ~0ULL >> (65 - bits);
		__s64 low = -high - 1;

		if (errno || (negative ? (__s64)*value < low : *value > (__u64)high)) {
			say("--rodata %s=%s: out of range, must be %lld to %lld", search->name, text, (long long)low,
			    (long long)high);
			return -1;
		}
	} else {
		__u64 high = ~0ULL >> (64 - bits);

		if (errno || negative || *value > high) {
			say("--rodata %s=%s: out of range, must be 0 to %llu", search->name, text,
			    (unsigned long long)high);
			return -1;
		}
	}
	return 0;

refused_bool:
	say("--rodata %s=%s: must be 0, 1, true or false", search->name, text);
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
	if (!(btf_is_int(search.variable.type) || btf_is_any_enum(search.variable.type)) || search.variable.size > 8) {
		say("--rodata %s: not an integer, bool or enum of at most 64 bits", name);
		return -1;
	}
	if (parse(&search, equals + 1, &value))
		return -1;
	variable_store(&search.variable, value);
	return 0;
}
