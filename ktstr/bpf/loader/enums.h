/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's values for the constants that an object leaves to its loader. */
#ifndef KTSTR_LOADER_ENUMS_H
#define KTSTR_LOADER_ENUMS_H

#include <bpf/libbpf.h>

/* Sets them. Returns 0, or -1 if the kernel's BTF cannot be read. */
int enums_set(struct bpf_object *object);

#endif
