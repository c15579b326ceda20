// SPDX-License-Identifier: GPL-2.0-only
/* The maps of the attached scheduler. */
#include "scheduler_map.h"

#include <linux/bpf.h>
#include <linux/btf.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "bpf.h"
#include "btf_load.h"

/*
 * A map's name as its source has it. The kernel's is cut at 15 characters, and libbpf puts the object's name before that
 * of a section ("my_sched.bss"); the full name of a section is that of its type.
 */
static const char *map_name(const struct bpf_map_info *map, struct btf *btf)
{
	const struct btf_type *type =
		map->btf_id && btf_load(btf, map->btf_id) ? btf_type(btf, map->btf_value_type_id) : NULL;

	return type && BTF_INFO_KIND(type->info) == BTF_KIND_DATASEC ? btf_text(btf, type->name_off) : map->name;
}

static bool is_called(const struct bpf_map_info *map, struct btf *btf, const char *name)
{
	return !strcmp(map_name(map, btf), name) || !strncmp(map->name, name, BPF_OBJ_NAME_LEN - 1);
}

/* The scheduler's objects and maps, and how far a walk through all maps has come. */
struct walk {
	struct ids objects, maps;
	uint32_t id;
};

static struct walk begin(void)
{
	struct walk walk = { .id = 0 };

	bpf_schedulers(agent.scheduler.started_ns, &walk.objects, &walk.maps);
	return walk;
}

/* Opens the scheduler's next map; -1 after the last. */
static int open_next(struct walk *walk, struct bpf_map_info *map)
{
	while ((walk->id = bpf_next_id(BPF_MAP_GET_NEXT_ID, walk->id))) {
		int fd = bpf_open_id(BPF_MAP_GET_FD_BY_ID, walk->id);

		if (fd < 0)
			continue;
		*map = (struct bpf_map_info){ 0 };
		bpf_info(fd, map, sizeof(*map));
		if (ids_have(&walk->objects, map->btf_id) || ids_have(&walk->maps, map->id))
			return fd;
		close(fd);
	}
	return -1;
}

unsigned int scheduler_map_find(const char *name, struct btf *btf, struct bpf_map_info *found, int *fd)
{
	struct bpf_map_info map;
	struct walk walk = begin();
	unsigned int count = 0;
	int one;

	while ((one = open_next(&walk, &map)) >= 0) {
		if (is_called(&map, btf, name) && !count++) {
			*found = map;
			*fd = one;
		} else {
			close(one);
		}
	}
	return count;
}

void scheduler_map_names(struct btf *btf, void (*visit)(const char *name))
{
	struct walk walk = begin();
	struct bpf_map_info map;
	int fd;

	while ((fd = open_next(&walk, &map)) >= 0) {
		visit(map_name(&map, btf));
		close(fd);
	}
}
