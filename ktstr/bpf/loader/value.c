// SPDX-License-Identifier: GPL-2.0-only
/* --set path=value: sets what a C expression without calls names: globals, the struct_ops, and elements of maps. */
#include "value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "enums.h"
#include "log.h"
#include "map_value.h"
#include "number.h"
#include "variable.h"

#define PATH_BYTES 256

static const struct btf_type *type_of(const struct target *target)
{
	return btf__type_by_id(target->btf, target->id);
}

/* Takes typedefs and qualifiers off. */
static void bare(struct target *target)
{
	const struct btf_type *type = type_of(target);

	while (type && (btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type))) {
		target->id = type->type;
		type = type_of(target);
	}
}

static bool is_data(const char *section)
{
	return !strncmp(section, ".data", 5) || !strncmp(section, ".bss", 4) || !strncmp(section, ".rodata", 7);
}

/* Finds the global `name` in the sections of data, and in the struct_ops. */
static bool find_global(struct bpf_object *object, const char *name, struct target *target)
{
	for (__u32 id = 1; target->btf && id < btf__type_cnt(target->btf); id++) {
		const struct btf_type *section = btf__type_by_id(target->btf, id);
		const struct btf_var_secinfo *info;
		const char *of;

		if (!btf_is_datasec(section))
			continue;
		of = btf__name_by_offset(target->btf, section->name_off);
		info = btf_var_secinfos(section);
		for (int i = 0; i < btf_vlen(section); i++) {
			const struct btf_type *var = btf__type_by_id(target->btf, info[i].type);
			bool data = is_data(of);
			struct bpf_map *map;
			char *values;
			size_t size;

			if (strcmp(btf__name_by_offset(target->btf, var->name_off), name))
				continue;
			map = bpf_object__find_map_by_name(object, data ? of : name);
			if (!map || (!data && bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS))
				continue;
			values = bpf_map__initial_value(map, &size);
			if (!values || (data && (size_t)info[i].offset + info[i].size > size))
				continue;
			target->id = var->type;
			target->value = data ? values + info[i].offset : values;
			return true;
		}
	}
	return false;
}

static bool enter_member(struct target *target, const char *name)
{
	const struct btf_type *type = type_of(target);
	const struct btf_member *member;

	if (!btf_is_composite(type))
		return false;
	member = btf_members(type);
	for (int i = 0; i < btf_vlen(type); i++) {
		if (strcmp(btf__name_by_offset(target->btf, member[i].name_off), name) ||
		    btf_member_bitfield_size(type, i))
			continue;
		target->value += btf_member_bit_offset(type, i) / 8;
		target->id = member[i].type;
		return true;
	}
	return false;
}

static bool enter_element(struct target *target, unsigned long index)
{
	const struct btf_type *type = type_of(target);
	__s64 size;

	if (!btf_is_array(type) || index >= btf_array(type)->nelems)
		return false;
	size = btf__resolve_size(target->btf, btf_array(type)->type);
	if (size <= 0)
		return false;
	target->value += index * size;
	target->id = btf_array(type)->type;
	return true;
}

static int no_such(const struct target *target, const char *part)
{
	say("--set %s: the object has no such global or element: %s", target->path, part);
	return -1;
}

int value_follow(struct target *target, const char *rest)
{
	char parts[PATH_BYTES], *at = parts, delimiter;

	snprintf(parts, sizeof(parts), "%s", rest);
	delimiter = *at;
	bare(target);
	while (delimiter) {
		char *part = ++at;
		char *end = part;

		if (delimiter == '[') {
			unsigned long index = strtoul(part, &end, 0);

			if (!isdigit((unsigned char)*part) || *end != ']' || !enter_element(target, index))
				return no_such(target, part);
			at = end + 1;
			delimiter = *at;
			if (delimiter && delimiter != '[' && delimiter != '.')
				return no_such(target, at);
		} else {
			at = part + strcspn(part, ".[");
			delimiter = *at;
			*at = '\0';
			if (!enter_member(target, part))
				return no_such(target, part);
		}
		bare(target);
	}
	return 0;
}

static int store_number(const struct target *target, const char *text)
{
	struct variable variable = { .value = target->value, .type = type_of(target) };
	__s64 size = btf__resolve_size(target->btf, target->id);
	__u64 value;

	/* A callback of the struct_ops, which the kernel then does without. */
	if (btf_is_ptr(type_of(target)) && !strcmp(text, "0")) {
		memset(target->value, 0, sizeof(void *));
		return 0;
	}
	variable.size = size > 0 ? size : 0;
	if (!number_fits(&variable)) {
		say("--set %s: not an integer, bool or enum of at most 64 bits, an array of them, or a text", target->path);
		return -1;
	}
	if (!enums_read(text, &value) && number_parse("--set", target->path, &variable, text, &value))
		return -1;
	variable_store(&variable, value);
	return 0;
}

/* The numbers of an array, separated by commas; elements behind them keep their values. */
static int store_array(const struct target *target, char *text)
{
	unsigned long index = 0;

	for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
		struct target element = *target;

		if (!enter_element(&element, index++)) {
			say("--set %s: has %u elements, and more are given", target->path, btf_array(type_of(target))->nelems);
			return -1;
		}
		bare(&element);
		if (store_number(&element, part))
			return -1;
	}
	return 0;
}

static int store_text(const struct target *target, const char *text)
{
	__u32 room = btf_array(type_of(target))->nelems;

	if (strlen(text) >= room) {
		say("--set %s: the text must be shorter than %u bytes", target->path, room);
		return -1;
	}
	memset(target->value, 0, room);
	memcpy(target->value, text, strlen(text));
	return 0;
}

static bool is_text(const struct target *target)
{
	const struct btf_type *type = type_of(target);
	struct target element = { .btf = target->btf };

	if (!btf_is_array(type))
		return false;
	element.id = btf_array(type)->type;
	bare(&element);
	type = type_of(&element);
	return btf_is_int(type) && type->size == 1 && !strcmp(btf__name_by_offset(target->btf, type->name_off), "char");
}

int value_store(const struct target *target, const char *text)
{
	char *numbers;
	int error;

	if (is_text(target))
		return store_text(target, text);
	if (!btf_is_array(type_of(target)))
		return store_number(target, text);
	numbers = strdup(text);
	if (!numbers) {
		say("out of memory");
		return -1;
	}
	error = store_array(target, numbers);
	free(numbers);
	return error;
}

/* Takes the path off an assignment. Returns what follows the '=', or NULL having said that there is none. */
static const char *split(const char *assignment, char *path)
{
	const char *equals = strchr(assignment, '=');

	if (!equals || equals == assignment || equals - assignment >= PATH_BYTES) {
		say("--set %s: must be path=value", assignment);
		return NULL;
	}
	snprintf(path, PATH_BYTES, "%.*s", (int)(equals - assignment), assignment);
	return equals + 1;
}

int value_set(struct bpf_object *object, const char *assignment)
{
	struct target target = { .btf = bpf_object__btf(object) };
	char path[PATH_BYTES], name[PATH_BYTES];
	const char *text = split(assignment, path);
	struct bpf_map *map;
	size_t length;

	if (!text)
		return -1;
	target.path = path;
	length = strcspn(path, ".[");
	snprintf(name, sizeof(name), "%.*s", (int)length, path);
	if (find_global(object, name, &target))
		return value_follow(&target, path + length) ? -1 : value_store(&target, text);
	map = map_value_named(object, path);
	return map ? map_value_set(object, map, path, text) : no_such(&target, name);
}

int value_set_loaded(struct bpf_object *object, const char *assignment)
{
	char path[PATH_BYTES];
	const char *text = split(assignment, path);
	struct bpf_map *map = text ? map_value_named(object, path) : NULL;

	if (!text)
		return -1;
	return map ? map_value_set(object, map, path, text) : 0;
}
