/* SPDX-License-Identifier: GPL-2.0-only */
/* Workers that belong together: their shared memory. What they do with it is in <ktstr/work.h>. */
#ifndef KTSTR_AGENT_GROUP_H
#define KTSTR_AGENT_GROUP_H

#include "work.h"

/* Fails, naming the number that is needed, unless `count` workers are whole groups. */
void group_check(const struct work *work, unsigned int count);

/* Maps the memory of the groups of the next `count` workers, which are forked from here; nothing for a type without. */
void group_open(struct work *work, unsigned int count);

/* Unmaps it here, once they have been forked. */
void group_close(struct work *work, unsigned int count);

#endif
