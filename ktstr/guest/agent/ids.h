/* SPDX-License-Identifier: GPL-2.0-only */
/* A set of the kernel's numbers of BPF objects. */
#ifndef KTSTR_AGENT_IDS_H
#define KTSTR_AGENT_IDS_H

#include <ktstr/basics.h>

#define MAX_IDS 256 /* of one kind; of maps a program has 64 at most (MAX_USED_MAPS) */

struct ids {
	unsigned int count;
	uint32_t all[MAX_IDS];
};

/* Adds an id unless it is in the set already. 0 is no object's. A full set drops it. */
void ids_add(struct ids *ids, uint32_t id);
bool ids_have(const struct ids *ids, uint32_t id);

#endif
