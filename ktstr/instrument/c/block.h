/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The blocks of the scheduler's code: stretches that are entered at their first instruction, by a jump, a call or a return.
 * QEMU translates pieces of them: one that is cut where its budget of instructions ends goes on as another.
 */
#ifndef KTSTR_PLUGIN_BLOCK_H
#define KTSTR_PLUGIN_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "owner.h"

#define MOST_TOUCHES 16

/* What is counted of a block. The explorer's file has the first five members of each. */
struct block {
	uint64_t address;
	uint64_t count; /* how often it was entered */
	uint32_t owner; /* the number of its owner */
	uint32_t unused;
	uint64_t hash; /* the same in every run of the same program, wherever that lies */
	const struct owner *of;
	uint64_t epoch; /* when `recent` was counted */
	uint8_t touches[MOST_TOUCHES]; /* how many of its instructions come before it uses memory, or has just done so */
	unsigned int touch_count;
	const struct block *next; /* that which came after it last */
	uint32_t recent, before; /* how often it was entered in that epoch, and in the one before that */
};

#define BLOCK_IN_FILE offsetof(struct block, of)

/* What QEMU translates at once. */
struct piece {
	struct block *block; /* that which begins where it begins */
	uint64_t end;	     /* the address after it */
	bool goes_on;	     /* it does not end with a jump, a call or a return */
};

/*
 * The piece from `address` to `end`, made if it was not known; NULL without memory for it. An address can be another
 * program's later.
 */
struct piece *piece_at(uint64_t address, uint64_t end, const struct owner *owner, bool goes_on);

/* Notes that memory is used, or has just been, after the block's first `insns` instructions. */
void block_touches(struct block *block, size_t insns);

/* Counts an entry of the block: how often it was entered of late, this time included, counted by epochs. */
uint32_t block_enter(struct block *block, uint64_t epoch);

/* Writes all blocks to the file. */
void block_write(void);

/* Mixes a number into a hash. */
uint64_t hashed(uint64_t hash, uint64_t number);

/* A hash of what the owner is called. */
uint64_t hashed_name(const struct owner *owner);

#endif
