/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of the attached scheduler, by the names that its source has. */
#ifndef KTSTR_AGENT_SCHEDULER_MAP_H
#define KTSTR_AGENT_SCHEDULER_MAP_H

#include "btf.h"

struct bpf_map_info;

/* How many of its maps have that name; of the first, what the kernel says and a descriptor, which the caller closes. */
unsigned int scheduler_map_find(const char *name, struct btf *btf, struct bpf_map_info *found, int *fd);

/* Calls `visit` with the name of each. */
void scheduler_map_names(struct btf *btf, void (*visit)(const char *name));

#endif
