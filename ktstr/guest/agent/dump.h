/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of a scheduler's maps. */
#ifndef KTSTR_AGENT_DUMP_H
#define KTSTR_AGENT_DUMP_H

#include "scheduler.h"

/* Reports every map of the held programs, and the types of what they hold. `why` goes into the event. */
void dump_emit(const char *why);

/* The same in the middle of a run: `title` is what the report calls it. */
void dump_snapshot(const char *title);

/* The same if the scheduler has gone, or if another one or none is in its place. */
void dump_exit(const struct scheduler *scheduler);

#endif
