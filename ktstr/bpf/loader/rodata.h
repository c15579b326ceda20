/* SPDX-License-Identifier: GPL-2.0-only */
/* --rodata: read-only globals. */
#ifndef KTSTR_LOADER_RODATA_H
#define KTSTR_LOADER_RODATA_H

#include <bpf/libbpf.h>

/* Applies one name=value. Returns 0, or -1 having said what is wrong. */
int rodata_set(struct bpf_object *object, const char *assignment);

#endif
