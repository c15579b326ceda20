/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the scheduler's code CPUs executed while another one stood still in it: what that one raced with is there. */
#ifndef KTSTR_PLUGIN_MEANWHILE_H
#define KTSTR_PLUGIN_MEANWHILE_H

#include <stdint.h>

#include "block.h"

/* Visits of a block by a CPU during a stop of another one. The explorer's file has these structs as they are. */
struct visits {
	uint64_t stop;	  /* the `index` of that stop (still.h) */
	uint64_t address; /* of the block's first instruction */
	uint64_t count;	  /* how often that CPU entered it meanwhile */
	uint32_t owner;	  /* of that address */
	uint32_t cpu;
};

/* The CPU, which executes, enters a block. */
void meanwhile_enter(unsigned int cpu, const struct block *block);

/* Writes the visits to the file, in order of the first of each. */
void meanwhile_write(void);

#endif
