/* SPDX-License-Identifier: GPL-2.0-only */
/* --set: globals of an object, and fields of its sched_ext_ops, by their path in C. */
#ifndef KTSTR_LOADER_VALUE_H
#define KTSTR_LOADER_VALUE_H

#include <bpf/libbpf.h>

/*
 * Applies one path=value, such as `limits.cpu[3]=7`, `weights=1,2,3` or `mine_ops.name=fast`. The object must not be
 * loaded yet. Returns 0, or -1 having said what is wrong.
 */
int value_set(struct bpf_object *object, const char *assignment);

#endif
