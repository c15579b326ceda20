// SPDX-License-Identifier: GPL-2.0-only
/* A set of the kernel's numbers of BPF objects. */
#include "ids.h"

bool ids_have(const struct ids *ids, uint32_t id)
{
	for (unsigned int i = 0; i < ids->count; i++)
		if (ids->all[i] == id)
			return true;
	return false;
}

void ids_add(struct ids *ids, uint32_t id)
{
	if (id && !ids_have(ids, id) && ids->count < MAX_IDS)
		ids->all[ids->count++] = id;
}
