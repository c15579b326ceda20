/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF programs of the scheduler, held open from when it attaches: that keeps their maps, so that these can be read
 * when the scheduler has gone. Holding the maps themselves would count as a user, and the kernel would let the timers in
 * them run on.
 */
#ifndef KTSTR_AGENT_HELD_H
#define KTSTR_AGENT_HELD_H

#include "ids.h"

/* Holds the programs of the scheduler that has just attached, instead of another one's. */
void held_take(void);

/* How many programs are held, and the descriptor of one of them. */
unsigned int held_count(void);
int held_program(unsigned int at);

/* Adds the maps of the held programs. */
void held_maps(struct ids *maps);

/* Whether the scheduler that the kernel has, or had last, is the one whose programs are held. */
bool held_is_last(void);

#endif
