// SPDX-License-Identifier: GPL-2.0-only
/* The struct_ops maps of an object: which of them is the scheduler. */
#include "struct_ops.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

#define SCHEDULER "sched_ext_ops"

const struct btf_type *struct_ops_type(const struct bpf_object *object, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(object);

	for (__u32 id = 1; btf && bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && id < btf__type_cnt(btf); id++) {
		const struct btf_type *section = btf__type_by_id(btf, id);
		const struct btf_var_secinfo *info;

		/* .struct_ops, .struct_ops.link, and the same after a question mark */
		if (!btf_is_datasec(section) || !strstr(btf__name_by_offset(btf, section->name_off), ".struct_ops"))
			continue;
		info = btf_var_secinfos(section);
		for (int i = 0; i < btf_vlen(section); i++) {
			const struct btf_type *var = btf__type_by_id(btf, info[i].type);

			if (!strcmp(btf__name_by_offset(btf, var->name_off), bpf_map__name(map)))
				return btf__type_by_id(btf, btf__resolve_type(btf, var->type));
		}
	}
	return NULL;
}

static const char *type_name(const struct bpf_object *object, const struct bpf_map *map)
{
	const struct btf_type *type = struct_ops_type(object, map);

	return type ? btf__name_by_offset(bpf_object__btf(object), type->name_off) : "";
}

bool struct_ops_is_scheduler(const struct bpf_object *object, const struct bpf_map *map)
{
	return !strncmp(type_name(object, map), SCHEDULER, strlen(SCHEDULER));
}

/* The names of all schedulers in the object, for a message. */
static void list_schedulers(struct bpf_object *object, char *names, size_t size)
{
	struct bpf_map *map;
	size_t used = 0;

	names[0] = '\0';
	bpf_object__for_each_map(map, object)
		if (struct_ops_is_scheduler(object, map) && used < size)
			used += snprintf(names + used, size - used, "%s%s", used ? ", " : "", bpf_map__name(map));
}

/* Says that the object has no scheduler, and what it has instead. */
static void say_none(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		say("has no " SCHEDULER ", so it is no scheduler: %s is a %s", bpf_map__name(map), type_name(object, map));
		return;
	}
	say("has no struct_ops map, so it is not a scheduler");
}

int struct_ops_choose(struct bpf_object *object, const char *wanted)
{
	int all = 0, automatic = 0;
	struct bpf_map *map, *chosen = NULL;
	char names[512];

	bpf_object__for_each_map(map, object) {
		if (!struct_ops_is_scheduler(object, map))
			continue;
		all++;
		automatic += bpf_map__autocreate(map);
		if (wanted ? !strcmp(bpf_map__name(map), wanted) : !chosen || bpf_map__autocreate(map))
			chosen = map;
	}
	list_schedulers(object, names, sizeof(names));
	if (!all) {
		say_none(object);
		return -1;
	}
	if (!chosen) {
		say("ops=%s: there is no such " SCHEDULER "; there are %s", wanted, names);
		return -1;
	}
	if (!wanted && automatic != 1 && all != 1) {
		say("has %d schedulers: %s; ops= says which one is meant", all, names);
		return -1;
	}
	bpf_object__for_each_map(map, object)
		if (struct_ops_is_scheduler(object, map))
			bpf_map__set_autocreate(map, map == chosen);
	return 0;
}

/* Where member `name` of a struct_ops map has its `bytes`, before the object is loaded; NULL if there is none. */
static void *member(const struct bpf_object *object, const struct bpf_map *map, const char *name, size_t bytes)
{
	const struct btf_type *type = struct_ops_type(object, map);
	const struct btf *btf = bpf_object__btf(object);
	char *values;
	size_t size, offset;

	values = bpf_map__initial_value(map, &size);
	for (int i = 0; type && values && i < btf_vlen(type); i++) {
		offset = btf_member_bit_offset(type, i) / 8;
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name) && offset + bytes <= size)
			return values + offset;
	}
	return NULL;
}

struct bpf_program *struct_ops_member(struct bpf_object *object, const struct bpf_map *map, const char *name)
{
	struct bpf_program *program;
	void *value, *at = member(object, map, name, sizeof(value));

	if (!at)
		return NULL;
	memcpy(&value, at, sizeof(value));
	bpf_object__for_each_program(program, object)
		if (program == value)
			return program;
	return NULL;
}

void struct_ops_set_watchdog(struct bpf_object *object, __u32 ms)
{
	struct bpf_map *map;
	__u32 own;

	bpf_object__for_each_map(map, object) {
		void *at = struct_ops_is_scheduler(object, map) ? member(object, map, "timeout_ms", sizeof(own)) : NULL;

		if (!at)
			continue;
		memcpy(&own, at, sizeof(own));
		if (!own)
			memcpy(at, &ms, sizeof(ms));
	}
}
