// SPDX-License-Identifier: GPL-2.0-only
/* Programs that are pinned hold their maps: if each load of the object made its own, a guest would soon be full. */
#include "kept_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static bool is_shared(const struct bpf_map *map)
{
	/* libbpf maps the memory of an arena only as it makes it. */
	return bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS && bpf_map__type(map) != BPF_MAP_TYPE_ARENA &&
	       bpf_map__autocreate(map);
}

void kept_maps_reuse(const struct kept_maps *kept, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		for (int i = 0; is_shared(map) && i < kept->count; i++)
			if (!strcmp(kept->maps[i].name, bpf_map__name(map)) && bpf_map__reuse_fd(map, kept->maps[i].fd))
				say("map %s is made once more: %s", bpf_map__name(map), strerror(errno));
}

void kept_maps_add(struct kept_maps *kept, struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		int i = 0, fd = bpf_map__fd(map);

		while (i < kept->count && strcmp(kept->maps[i].name, bpf_map__name(map)))
			i++;
		if (!is_shared(map) || fd < 0 || i < kept->count || kept->count == MAX_KEPT)
			continue;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			continue;
		kept->maps[kept->count].fd = fd;
		snprintf(kept->maps[kept->count++].name, sizeof(kept->maps[0].name), "%s", bpf_map__name(map));
	}
}
