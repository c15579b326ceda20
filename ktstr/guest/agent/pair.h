/* SPDX-License-Identifier: GPL-2.0-only */
/* Two workers that wake each other. */
#ifndef KTSTR_AGENT_PAIR_H
#define KTSTR_AGENT_PAIR_H

#include "work.h"

/*
 * Call before each fork: `work` becomes that of the worker `member` of its spawn. The workers 0 and 1, 2 and 3, ... of
 * a paired work type have pipes between them.
 */
void pair_prepare(struct work *work, unsigned int member);

/* Call after the last fork of a spawn, unless pair_prepare() was not called: the workers alone hold the pipes. */
void pair_prepared(const struct work *work);

#endif
