/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of an object of which nothing but the verifier's verdict is wanted. */
#ifndef KTSTR_LOADER_VERDICT_MAPS_H
#define KTSTR_LOADER_VERDICT_MAPS_H

#include <bpf/libbpf.h>

/* Gives each map what its userspace program would. The object must not be loaded yet. */
void verdict_maps_prepare(struct bpf_object *object);

/* Takes a program out of the struct_ops maps: libbpf loads what they refer to. */
void verdict_maps_drop(struct bpf_object *object, const struct bpf_program *program);

#endif
