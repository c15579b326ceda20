/* SPDX-License-Identifier: GPL-2.0-only */
/* With which flags programs are called: how often each bit of their second and third arguments was set. */
#ifndef KTSTR_PLUGIN_FLAGS_H
#define KTSTR_PLUGIN_FLAGS_H

#include "owner.h"

#define FLAG_ARGUMENTS 2 /* the first one of a scheduler's callback is a task, mostly */
#define FLAG_BITS 64

/* Those of one program. The file of counts has these structs as they are. */
struct flags {
	uint32_t owner; /* its number */
	uint32_t unused;
	uint64_t counts[FLAG_ARGUMENTS][FLAG_BITS];
};

/*
 * The current CPU is about to execute the first instruction of a program, whose argument is the address of an array with
 * those of the callback.
 */
void flags_of_call(const struct owner *owner);

/* Writes all of them to the file. */
void flags_write(void);

#endif
