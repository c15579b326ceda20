// SPDX-License-Identifier: GPL-2.0-only
/* Elements of hash and array maps: found by key, changed in a copy, and written back. */
#include "map_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "log.h"
#include "number.h"
#include "value.h"
#include "variable.h"

struct element {
	struct bpf_map *map;
	const char *path; /* the whole, for messages */
	__u64 key; /* its bytes begin with the map's key */
	const char *rest; /* what follows the key */
	size_t size; /* of the value, on one CPU */
	int copies; /* the CPUs that have one */
};

static bool is_array(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_ARRAY || bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_per_cpu(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY || bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH ||
	       bpf_map__type(map) == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_settable(const struct bpf_map *map)
{
	return is_array(map) || is_per_cpu(map) || bpf_map__type(map) == BPF_MAP_TYPE_HASH ||
	       bpf_map__type(map) == BPF_MAP_TYPE_LRU_HASH;
}

struct bpf_map *map_value_named(struct bpf_object *object, const char *path)
{
	struct bpf_map *map;
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, ".["), path);
	map = bpf_object__find_map_by_name(object, name);
	return map && bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS ? map : NULL;
}

/* The type of the map's keys, if they are numbers. */
static int key_type(const struct btf *btf, const struct element *element, struct variable *key)
{
	__u32 id = bpf_map__btf_key_type_id(element->map);
	__s64 size = id ? btf__resolve_size(btf, id) : 0;
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(btf, type->type);
	key->type = type;
	key->size = size > 0 ? size : 0;
	if (!id || !type || !number_fits(key)) {
		say("--set %s: the keys of the map are no whole numbers", element->path);
		return -1;
	}
	return 0;
}

/* Takes the key off the path, `[3]`. */
static int read_key(const struct btf *btf, struct element *element)
{
	const char *open = element->path + strcspn(element->path, ".["), *close = strchr(open, ']');
	struct variable key = { .value = &element->key };
	char text[32];
	__u64 value;

	if (*open != '[' || !close || close - open > (int)sizeof(text)) {
		say("--set %s: must name an element of the map, such as %s[0]", element->path,
		    bpf_map__name(element->map));
		return -1;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(close - open - 1), open + 1);
	element->rest = close + 1;
	if (key_type(btf, element, &key) || number_parse("--set", element->path, &key, text, &value))
		return -1;
	if (is_array(element->map) && value >= bpf_map__max_entries(element->map)) {
		say("--set %s: the map has %u elements", element->path, bpf_map__max_entries(element->map));
		return -1;
	}
	variable_store(&key, value);
	return 0;
}

static int refused(const struct element *element)
{
	say("--set %s: the kernel refused it: %s", element->path, strerror(errno));
	return -1;
}

static int change(const struct btf *btf, const struct element *element, char *values, const char *text)
{
	for (int copy = 0; copy < element->copies; copy++) {
		struct target target = {
			.btf = btf,
			.path = element->path,
			.id = bpf_map__btf_value_type_id(element->map),
			.value = values + copy * element->size,
		};

		if (value_follow(&target, element->rest) || value_store(&target, text))
			return -1;
	}
	return 0;
}

static int set_element(struct bpf_object *object, struct element *element, const char *text)
{
	int fd = bpf_map__fd(element->map), error;
	char *values = calloc(element->copies, element->size);

	if (!values) {
		say("out of memory");
		return -1;
	}
	/* An element that is not there yet is zero. */
	if (fd >= 0 && bpf_map_lookup_elem(fd, &element->key, values) && errno != ENOENT)
		error = refused(element);
	else
		error = change(bpf_object__btf(object), element, values, text);
	if (!error && fd >= 0 && bpf_map_update_elem(fd, &element->key, values, BPF_ANY))
		error = refused(element);
	free(values);
	return error;
}

/* The first elements of an array map, whose numbers are separated by commas. */
static int set_first(struct bpf_object *object, struct element *element, const char *text)
{
	char *numbers = strdup(text), *rest = numbers;
	int error = 0;

	if (!numbers) {
		say("out of memory");
		return -1;
	}
	element->rest = "";
	for (__u32 index = 0; rest && !error; index++) {
		char *part = strsep(&rest, ",");

		element->key = index;
		if (index < bpf_map__max_entries(element->map)) {
			error = set_element(object, element, part);
		} else {
			say("--set %s: the map has %u elements, and more are given", element->path, index);
			error = -1;
		}
	}
	free(numbers);
	return error;
}

int map_value_set(struct bpf_object *object, struct bpf_map *map, const char *path, const char *text)
{
	struct element element = { .map = map, .path = path, .copies = 1, .size = bpf_map__value_size(map) };
	const char *type = libbpf_bpf_map_type_str(bpf_map__type(map));

	if (!is_settable(map)) {
		say("--set %s: is a map of type %s; only hashes and arrays can be set", path, type ? type : "unknown");
		return -1;
	}
	if (!bpf_map__btf_value_type_id(map)) {
		say("--set %s: the object does not say of what type the map's elements are", path);
		return -1;
	}
	if (is_per_cpu(map)) {
		element.copies = libbpf_num_possible_cpus();
		element.size = (element.size + 7) / 8 * 8;
	}
	if (element.copies < 1) {
		say("--set %s: the machine's CPUs are not known: %s", path, strerror(-element.copies));
		return -1;
	}
	if (is_array(map) && !path[strcspn(path, ".[")])
		return set_first(object, &element, text);
	return read_key(bpf_object__btf(object), &element) ? -1 : set_element(object, &element, text);
}
