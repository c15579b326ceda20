/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps that are made once for an object that is loaded several times. */
#ifndef KTSTR_LOADER_KEPT_MAPS_H
#define KTSTR_LOADER_KEPT_MAPS_H

#include <bpf/libbpf.h>

#define MAX_KEPT 256

struct kept_maps {
	struct {
		char name[64];
		int fd;
	} maps[MAX_KEPT];
	int count;
};

/* Gives an object that is not loaded yet the maps that there are already. A map that does not fit is made once more. */
void kept_maps_reuse(const struct kept_maps *kept, struct bpf_object *object);

/* Keeps those maps of an object that are not kept yet. */
void kept_maps_add(struct kept_maps *kept, struct bpf_object *object);

#endif
