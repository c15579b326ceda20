// SPDX-License-Identifier: GPL-2.0-only
/* What a userspace program does with maps before their object can be loaded, as far as the verifier needs it. */
#include "verdict_maps.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "struct_ops.h"

/* Whether the kernel has the type of a struct_ops map, whose name ends before "___" (bpftool's and libbpf's flavors). */
static bool kernel_has(const struct btf *kernel, const struct bpf_object *object, const struct bpf_map *map)
{
	const struct btf_type *type = struct_ops_type(object, map);
	char name[128], *flavor;

	if (!kernel || !type)
		return false;
	snprintf(name, sizeof(name), "%s", btf__name_by_offset(bpf_object__btf(object), type->name_off));
	flavor = strstr(name, "___");
	if (flavor)
		*flavor = '\0';
	return btf__find_by_name_kind(kernel, name, BTF_KIND_STRUCT) > 0;
}

void verdict_maps_prepare(struct bpf_object *object)
{
	struct btf *kernel = NULL;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		switch (bpf_map__type(map)) {
		case BPF_MAP_TYPE_STRUCT_OPS:
			/* One of SEC("?.struct_ops"): without it, its programs would not be loaded. */
			if (bpf_map__autocreate(map))
				break;
			if (!kernel)
				kernel = btf__load_vmlinux_btf();
			bpf_map__set_autocreate(map, kernel_has(kernel, object, map));
			break;
		case BPF_MAP_TYPE_ARENA: /* its globals would not fit into one page */
		case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		case BPF_MAP_TYPE_SK_STORAGE:
		case BPF_MAP_TYPE_TASK_STORAGE:
		case BPF_MAP_TYPE_INODE_STORAGE:
		case BPF_MAP_TYPE_CGRP_STORAGE:
			break;
		default:
			/* Its userspace program would set the size; the verifier does not care. */
			if (!bpf_map__max_entries(map))
				bpf_map__set_max_entries(map, 1);
		}
	}
	btf__free(kernel);
}

void verdict_maps_drop(struct bpf_object *object, const struct bpf_program *program)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		size_t size;
		void **members;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		members = bpf_map__initial_value(map, &size);
		for (size_t i = 0; members && i < size / sizeof(*members); i++)
			if (members[i] == program)
				members[i] = NULL;
	}
}
