// SPDX-License-Identifier: GPL-2.0-only
/*
 * The globals of the scheduler, through a mapping of their map: a lookup would copy all of a .bss that may be large. The
 * elements of an array are looked up, because not every one can be mapped.
 */
#include "global.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "bpf.h"
#include "btf_load.h"
#include "held.h"
#include "number.h"
#include "system.h"

#define VALUE_BYTES (16U << 20) /* of an element, of all CPUs */

static bool fails(struct global *global, const char *what)
{
	snprintf(global->number.wrong, sizeof(global->number.wrong), "%s: %s", what, strerror(errno));
	return false;
}

static bool is_section(const struct bpf_map_info *map, const struct btf *btf)
{
	const struct btf_type *value = btf_type(btf, map->btf_value_type_id);

	return value && BTF_INFO_KIND(value->info) == BTF_KIND_DATASEC;
}

static bool is_array(const struct bpf_map_info *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* Whether `path` begins with an element of the map; the kernel's name of that is cut at 15 characters. */
static bool names_element(const char *path, const struct bpf_map_info *map)
{
	size_t length = strcspn(path, ".["), most = BPF_OBJ_NAME_LEN - 1;

	return is_array(map) && path[length] == '[' && strlen(map->name) == (length < most ? length : most) &&
	       !strncmp(path, map->name, length < most ? length : most);
}

static bool read_variable(int fd, const struct bpf_map_info *map, struct global *global)
{
	size_t size = (map->value_size + 7UL) / 8 * 8;
	char *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED)
		return fails(global, "its map cannot be mapped");
	global->value = number_load(&global->number, bytes + global->number.offset);
	if (munmap(bytes, size))
		fail_errno("read_globals", "munmap");
	return true;
}

static bool read_element(int fd, const struct bpf_map_info *map, uint32_t index, struct global *global)
{
	unsigned int cpus = map->type == BPF_MAP_TYPE_PERCPU_ARRAY ? system_possible_cpus() : 1;
	size_t stride = (map->value_size + 7UL) / 8 * 8;
	char *value = stride * cpus > VALUE_BYTES ? NULL : calloc(cpus, stride);
	union bpf_attr attributes = {
		.map_fd = (uint32_t)fd,
		.key = (uint64_t)(uintptr_t)&index,
		.value = (uint64_t)(uintptr_t)value,
	};
	bool read;

	if (!value) {
		errno = EFBIG;
		return fails(global, "its element");
	}
	read = !bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
	if (!read)
		fails(global, "its element");
	for (unsigned int cpu = 0; read && cpu < cpus; cpu++)
		global->value += number_load(&global->number, value + cpu * stride + global->number.offset);
	free(value);
	return read;
}

static bool in_value(const struct bpf_map_info *map, struct global *global)
{
	if ((uint64_t)global->number.offset + global->number.size <= map->value_size)
		return true;
	errno = ERANGE;
	return fails(global, "is beyond its map's value");
}

/* Looks into one map. `found` says whether the path is about it; whether it could be read is what is returned. */
static bool look(int fd, const struct bpf_map_info *map, const struct btf *btf, const char *path, struct global *global,
		 bool *found)
{
	if (is_section(map, btf)) {
		bool there = btf_path_find(btf, map->btf_value_type_id, path, &global->number);

		/* If even the first name is not there, another section may have it. */
		*found = there || global->number.wanted != path;
		return there && in_value(map, global) && read_variable(fd, map, global);
	}
	*found = names_element(path, map);
	if (*found) {
		const char *bracket = strchr(path, '[');
		char *end;
		unsigned long index = strtoul(bracket + 1, &end, 10);

		if (end == bracket + 1 || *end != ']' || index >= map->max_entries) {
			snprintf(global->number.wrong, sizeof(global->number.wrong), "the map has elements [0] to [%u]",
				 map->max_entries - 1);
			return false;
		}
		return btf_path_find(btf, map->btf_value_type_id, end + 1, &global->number) && in_value(map, global) &&
		       read_element(fd, map, (uint32_t)index, global);
	}
	return false;
}

/* Calls `visit` for each map of the held programs that has types, until it returns true. */
static void each_map(bool (*visit)(int fd, const struct bpf_map_info *map, const struct btf *btf, void *context),
		     void *context)
{
	struct ids maps = { 0 };
	struct btf btf = { 0 };
	bool over = false;

	held_maps(&maps);
	for (unsigned int i = 0; i < maps.count && !over; i++) {
		struct bpf_map_info map = { 0 };
		int fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, maps.all[i]);

		if (fd < 0)
			continue;
		bpf_info(fd, &map, sizeof(map));
		over = map.btf_id && map.btf_value_type_id && btf_load(&btf, map.btf_id) && visit(fd, &map, &btf, context);
		close(fd);
	}
	btf_free(&btf);
}

struct reading {
	const char *path;
	struct global *global;
	bool found, read;
};

static bool try_map(int fd, const struct bpf_map_info *map, const struct btf *btf, void *context)
{
	struct reading *reading = context;

	reading->read = look(fd, map, btf, reading->path, reading->global, &reading->found);
	return reading->found;
}

bool global_read(const char *path, struct global *global)
{
	struct reading reading = { .path = path, .global = global };

	*global = (struct global){ 0 };
	each_map(try_map, &reading);
	/* What BTF has of names is freed by now. */
	global->number.wanted = reading.found ? NULL : path;
	if (!reading.found)
		snprintf(global->number.wrong, sizeof(global->number.wrong),
			 held_count() ? "the scheduler has no global and no array map of that name"
				      : "no scheduler was attached");
	return reading.read;
}

static bool visit_names(int fd, const struct bpf_map_info *map, const struct btf *btf, void *context)
{
	void (**visit)(const char *name) = context;

	(void)fd;
	if (is_section(map, btf))
		btf_path_names(btf, map->btf_value_type_id, *visit);
	else if (is_array(map))
		(*visit)(map->name);
	return false;
}

void global_names(void (*visit)(const char *name))
{
	each_map(visit_names, &visit);
}
