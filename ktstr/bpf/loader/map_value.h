/* SPDX-License-Identifier: GPL-2.0-only */
/* --set: elements of hash and array maps, `queues[3].weight=2`, written once the object is loaded. */
#ifndef KTSTR_LOADER_MAP_VALUE_H
#define KTSTR_LOADER_MAP_VALUE_H

#include <bpf/libbpf.h>

/* The map whose elements `path` names, or NULL if there is none of that name. */
struct bpf_map *map_value_named(struct bpf_object *object, const char *path);

/*
 * Sets in the map what `path` names, or all first elements of an array if it has no key; only checks it as long as the
 * object is not loaded. A per-CPU element is set on every CPU. Returns 0, or -1 having said what is wrong.
 */
int map_value_set(struct bpf_object *object, struct bpf_map *map, const char *path, const char *text);

#endif
