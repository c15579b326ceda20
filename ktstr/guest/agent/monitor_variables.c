// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chosen variables of the scheduler. A section is mapped and read in place. Another array is looked up: it is opened
 * anew each time, because a descriptor that stays counts as a user of the map, and lets the timers in it run on.
 */
#include "monitor_variables.h"

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
#include "btf_path.h"
#include "monitor_columns.h"
#include "scheduler.h"
#include "scheduler_map.h"
#include "system.h"

#define MOST 64
#define SOURCE "variable"

struct variable {
	const char *name;
	bool found;
	struct btf_number number;
	uint32_t map;		/* its id */
	uint32_t index;		/* the element */
	uint32_t copies;	/* of the value: one for each CPU of a per-CPU array */
	uint32_t stride;	/* bytes from one copy to the next */
	char *bytes;		/* a mapping of the map, or room for what is looked up */
	size_t size;
	bool mapped;
};

static struct {
	struct variable all[MOST];
	unsigned int count;
} variables;

void monitor_variables_add(const char *name)
{
	if (variables.count == MOST)
		fail_format("monitor", "at most %u variables are read", MOST);
	variables.all[variables.count++].name = name;
}

static void forget(struct variable *variable)
{
	if (variable->mapped)
		munmap(variable->bytes, variable->size);
	else
		free(variable->bytes);
	*variable = (struct variable){ .name = variable->name };
}

static void lacks(const struct variable *variable, const char *why)
{
	emit_begin("monitor_lacks");
	emit_text("name", variable->name);
	emit_text("why", why);
	emit_end();
}

/* Where the value is, and how it is read. */
static bool reach(struct variable *variable, const struct bpf_map_info *map, int fd)
{
	bool per_cpu = map->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (map->type != BPF_MAP_TYPE_ARRAY && !per_cpu) {
		lacks(variable, "the map is neither a section nor an array");
		return false;
	}
	if (variable->index >= map->max_entries ||
	    (uint64_t)variable->number.offset + variable->number.size > map->value_size) {
		lacks(variable, "is beyond the map's elements");
		return false;
	}
	variable->map = map->id;
	variable->stride = (map->value_size + 7) / 8 * 8;
	variable->copies = per_cpu ? system_possible_cpus() : 1;
	if (map->map_flags & BPF_F_MMAPABLE) {
		variable->size = (size_t)variable->stride * map->max_entries;
		variable->bytes = mmap(NULL, variable->size, PROT_READ, MAP_SHARED, fd, 0);
		variable->mapped = variable->bytes != MAP_FAILED;
	}
	if (!variable->mapped)
		variable->bytes = calloc(variable->copies, variable->stride);
	if (!variable->bytes)
		fail_errno("monitor", "memory for a variable");
	return true;
}

/* Finds the number that the path names in the map. */
static bool find_path(struct variable *variable, struct btf *btf, const struct bpf_map_info *map, const char *path)
{
	const struct btf_type *value;
	char *end;

	if (!map->btf_id || !btf_load(btf, map->btf_id) || !map->btf_value_type_id) {
		lacks(variable, "the map has no type information (BTF)");
		return false;
	}
	value = btf_type(btf, map->btf_value_type_id);
	if (value && BTF_INFO_KIND(value->info) != BTF_KIND_DATASEC) {
		variable->index = *path == '[' ? (uint32_t)strtoul(path + 1, &end, 10) : 0;
		if (*path != '[' || end == path + 1 || *end != ']') {
			lacks(variable, "the map is not a section; name an element of it first, such as [0]");
			return false;
		}
		path = end + 1;
	}
	if (btf_path_find(btf, map->btf_value_type_id, path, &variable->number))
		return true;
	lacks(variable, variable->number.wrong);
	return false;
}

/* Whether the map has the variable that the path begins with; then `found` and `fd` are the map. */
static bool has(const char *section, struct btf *btf, const char *path, struct bpf_map_info *found, int *fd)
{
	struct btf_number number;

	if (!scheduler_map_find(section, btf, found, fd))
		return false;
	if (found->btf_id && btf_load(btf, found->btf_id) &&
	    (btf_path_find(btf, found->btf_value_type_id, path, &number) || !number.wanted))
		return true;
	close(*fd);
	return false;
}

static void find(struct variable *variable, struct btf *btf)
{
	const char *colon = strchr(variable->name, ':'), *path = colon ? colon + 1 : variable->name;
	struct bpf_map_info map;
	char name[64];
	int fd;

	if (colon) {
		unsigned int count;

		snprintf(name, sizeof(name), "%.*s", (int)(colon - variable->name), variable->name);
		count = scheduler_map_find(name, btf, &map, &fd);
		if (!count)
			lacks(variable, "the scheduler has no such map");
		if (count > 1) {
			lacks(variable, "the scheduler has several maps of that name");
			close(fd);
		}
		if (count != 1)
			return;
	} else if (!has(".bss", btf, path, &map, &fd) && !has(".data", btf, path, &map, &fd) &&
		   !has(".rodata", btf, path, &map, &fd)) {
		lacks(variable, "the scheduler has no such variable in .bss, .data or .rodata");
		return;
	}
	variable->found = find_path(variable, btf, &map, path) && reach(variable, &map, fd);
	close(fd);
}

void monitor_variables_find(void)
{
	struct btf btf = { 0 };
	bool attached = variables.count && scheduler_enabled();

	for (unsigned int i = 0; i < variables.count; i++) {
		forget(&variables.all[i]);
		if (attached)
			find(&variables.all[i], &btf);
	}
	btf_free(&btf);
}

/* The bytes of the value, now; NULL if its map has gone. */
static const char *bytes_now(const struct variable *variable)
{
	union bpf_attr attributes = {
		.key = (uint64_t)(uintptr_t)&variable->index,
		.value = (uint64_t)(uintptr_t)variable->bytes,
	};
	bool read;
	int fd;

	if (variable->mapped)
		return variable->bytes + (size_t)variable->index * variable->stride;
	fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, variable->map);
	if (fd < 0)
		return NULL;
	attributes.map_fd = (uint32_t)fd;
	read = !bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
	close(fd);
	return read ? variable->bytes : NULL;
}

static uint64_t number_at(const char *bytes, const struct btf_number *number)
{
	unsigned int unused = 64 - number->size * 8;
	uint64_t value = 0;

	memcpy(&value, bytes + number->offset, number->size);
	return number->is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

void monitor_variables_read(void)
{
	for (unsigned int i = 0; i < variables.count; i++) {
		const struct variable *variable = &variables.all[i];
		const char *bytes = variable->found ? bytes_now(variable) : NULL;
		uint64_t sum = 0;

		if (!bytes)
			continue;
		for (uint32_t copy = 0; copy < variable->copies; copy++)
			sum += number_at(bytes + (size_t)copy * variable->stride, &variable->number);
		columns_put(SOURCE, variable->name, sum, variable->number.is_signed);
	}
}
