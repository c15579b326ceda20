/* SPDX-License-Identifier: GPL-2.0-only */
/* Two workers that wake each other. */
#ifndef KTSTR_AGENT_PAIR_H
#define KTSTR_AGENT_PAIR_H

#include "work.h"

/*
 * Opens the pipes of the next two workers of a paired work type; does nothing for another type. They are the workers 0
 * and 1, 2 and 3, ... of a spawn, and know which they are by `member`.
 */
void pair_open(struct work *work);

/* Closes them, where the two are processes of their own. */
void pair_close(const struct work *work);

#endif
