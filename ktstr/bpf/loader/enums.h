/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's values for the constants that an object leaves to its loader. */
#ifndef KTSTR_LOADER_ENUMS_H
#define KTSTR_LOADER_ENUMS_H

#include <stdbool.h>
#include <bpf/libbpf.h>

/* Sets them. Returns 0, or -1 if the kernel's BTF cannot be read. */
int enums_set(struct bpf_object *object);

/*
 * Reads enumerators that `|` joins, such as SCX_OPS_ENQ_LAST|SCX_OPS_ENQ_EXITING. One that the kernel lacks counts as 0,
 * and is told. False if `text` is no such thing.
 */
bool enums_read(const char *text, __u64 *value);

#endif
