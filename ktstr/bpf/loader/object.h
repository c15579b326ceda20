/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF object that the arguments name. */
#ifndef KTSTR_LOADER_OBJECT_H
#define KTSTR_LOADER_OBJECT_H

#include <bpf/libbpf.h>
#include "request.h"

/* Opens it and applies the values. NULL if either is not acceptable, having said so. */
struct bpf_object *object_open(const struct request *request);

#endif
