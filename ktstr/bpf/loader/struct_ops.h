/* SPDX-License-Identifier: GPL-2.0-only */
/* The struct_ops maps of an object: which of them is the scheduler. */
#ifndef KTSTR_LOADER_STRUCT_OPS_H
#define KTSTR_LOADER_STRUCT_OPS_H

#include <stdbool.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* The type of a struct_ops map in the object's own BTF; NULL if the map is none, or has none. */
const struct btf_type *struct_ops_type(const struct bpf_object *object, const struct bpf_map *map);

/* Whether the map is a scheduler: a sched_ext_ops, or a variant of it. */
bool struct_ops_is_scheduler(const struct bpf_object *object, const struct bpf_map *map);

/* The program in a member of a struct_ops map, such as `enqueue`; NULL if there is none. */
struct bpf_program *struct_ops_member(struct bpf_object *object, const struct bpf_map *map, const char *name);

/*
 * Sets the time for which a task may wait before the kernel ejects the scheduler, unless the scheduler says it itself
 * (timeout_ms). The object must not be loaded yet.
 */
void struct_ops_set_watchdog(struct bpf_object *object, __u32 ms);

/*
 * Leaves one scheduler to be attached: `wanted`, or the only one there is (NULL). Returns 0, or -1 having said what is
 * wrong. The object must not be loaded yet.
 */
int struct_ops_choose(struct bpf_object *object, const char *wanted);

#endif
