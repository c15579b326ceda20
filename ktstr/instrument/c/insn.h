/* SPDX-License-Identifier: GPL-2.0-only */
/* The instructions of the guest that are counted, each known by its address and its bytes. */
#ifndef KTSTR_PLUGIN_INSN_H
#define KTSTR_PLUGIN_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_BYTES 16

/*
 * One instruction. Memory that has been freed may get another program's code, so an address alone does not say which
 * program ran there. The file of counts has these structs as they are.
 */
struct insn {
	uint64_t address;
	uint64_t count;	 /* how often it was executed */
	uint64_t jumped; /* of a conditional jump: how often it went to its target */
	uint64_t passed; /* and how often on to the next instruction */
	uint64_t target; /* of a conditional jump */
	uint8_t size;
	uint8_t is_branch; /* whether it is a conditional jump */
	uint8_t bytes[INSN_BYTES];
	uint8_t unused[6];
};

/* The instruction with these bytes at that address, made if it was not known; NULL without memory for it. */
struct insn *insn_at(uint64_t address, const void *bytes, size_t size);

/* How many there are, and one of them. */
size_t insn_total(void);
const struct insn *insn_number(size_t at);

/* Whether the bytes are a conditional jump of the guest's architecture, and to where. */
bool insn_is_branch(uint64_t address, const uint8_t *bytes, size_t size, uint64_t *target);

#endif
