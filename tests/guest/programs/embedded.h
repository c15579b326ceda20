/* SPDX-License-Identifier: GPL-2.0-only */
/* A program's own BPF object: the test writes it, as a C file with these two names. */
#include <stddef.h>

#include <bpf/libbpf.h>

extern const char object[];
extern const unsigned int object_size;

/* Loads the object and attaches its scheduler; NULL where one of these fails. */
static struct bpf_object *attach_embedded(void)
{
	struct bpf_object *bpf = bpf_object__open_mem(object, object_size, NULL);
	struct bpf_map *map;

	if (!bpf || bpf_object__load(bpf))
		return NULL;
	bpf_object__for_each_map(map, bpf)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && !bpf_map__attach_struct_ops(map))
			return NULL;
	return bpf;
}
