/* SPDX-License-Identifier: GPL-2.0-only */
/* The instructions of the guest that are counted. */
#ifndef KTSTR_PLUGIN_INSN_H
#define KTSTR_PLUGIN_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "owner.h"

#define INSN_BYTES 16

/* What an instruction does to the order of execution. */
enum flow { FLOW_ON, FLOW_BRANCH, FLOW_CALL, FLOW_RETURN };

/*
 * One instruction. Memory that has been freed may get another program's code, so an address alone does not say which
 * program ran there. The file of counts has these structs as they are, without the pointer.
 */
struct insn {
	uint64_t address;
	uint64_t count;	 /* how often it was executed */
	uint64_t jumped; /* of a conditional jump: how often it went to its target */
	uint64_t passed; /* and how often on to the next instruction */
	uint64_t target; /* of a conditional jump */
	uint32_t owner;	 /* its number, or NO_OWNER */
	uint8_t size;
	uint8_t flow; /* enum flow */
	uint8_t unused[2];
	const struct owner *of;
};

#define INSN_IN_FILE offsetof(struct insn, of)

/* The instruction with these bytes at that address, made if it was not known; NULL without memory for it. */
struct insn *insn_at(uint64_t address, const struct owner *owner, const uint8_t *bytes, size_t size);

/* Writes all of them to the file. */
void insn_write(void);

/* What the instruction does, by the guest's architecture: sets its flow and its target. */
void insn_read(struct insn *insn, const uint8_t *bytes);

/* Whether the instruction reads or writes memory other than the stack, by the guest's architecture. */
bool insn_touches(const uint8_t *bytes, size_t size);

#endif
