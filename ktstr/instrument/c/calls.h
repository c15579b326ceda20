/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of the guest's BPF functions: how many instructions each took, and who called whom. */
#ifndef KTSTR_PLUGIN_CALLS_H
#define KTSTR_PLUGIN_CALLS_H

#include "insn.h"

/* The calls of one function that took equally long. The file of counts has these structs as they are. */
struct calls {
	uint32_t owner;
	uint32_t unused;
	uint64_t insns; /* of BPF code: its own, and of the functions that it called */
	uint64_t count;
};

/* The calls of one function from one place. The file of counts has these structs as they are. */
struct edge {
	uint64_t from; /* the address of the calling instruction */
	uint32_t caller, callee; /* numbers of owners */
	uint64_t count;
	uint64_t insns; /* as in struct calls, all calls together */
};

/* A CPU executes an instruction of a program. */
void calls_step(unsigned int cpu, const struct insn *insn);

/* Writes all of them to the file. */
void calls_write(void);

#endif
