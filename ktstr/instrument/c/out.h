/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that an instrument writes: a head, and parts. Each part is a u64 kind, a u64 of how many bytes follow, and
 * these. ktstr/instrument/parts.py reads it.
 */
#ifndef KTSTR_PLUGIN_OUT_H
#define KTSTR_PLUGIN_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum part {
	PART_OWNER = 1,	 /* struct owner: what code belongs to (owner.h) */
	PART_MEMORY = 2, /* a u64 that says when it was read (owner.h), a u64 address, and the guest's memory there */
	PART_INSNS = 3,	 /* struct insn, each instruction that was executed (insn.h) */
	PART_CALLS = 4,	 /* struct calls, how much a function's calls took (calls.h) */
	PART_EDGES = 5,	 /* struct edge, who called whom (calls.h) */
	PART_END = 6,	 /* nothing: the file is whole */
	PART_STOPS = 7,	 /* struct stop, each time that a CPU stood still (still.h) */
	PART_NEWS = 8,	 /* u64, a hash of each thing that was executed (news.h) */
	PART_BLOCKS = 9, /* struct block_count, how often each block was executed (block.h) */
	PART_VISITS = 10, /* struct visits, what was executed while a CPU stood still (meanwhile.h) */
	PART_EVENTS = 11, /* struct moment, what happened in the order in which it did (moments.h) */
	PART_FUNCTIONS = 12, /* struct function, how often the kernel's functions were called (functions.h) */
	PART_FLAGS = 13, /* struct flags, with which flags programs were called (flags.h) */
};

/* Opens the file of `instrument`, which begins with `head`: false, with errno, if that fails. */
bool out_open(const char *path, const char *instrument, const char *head);

/* Begins a part of `size` bytes, and writes some of them. */
void out_part(enum part part, uint64_t size);
void out_put(const void *data, size_t size);

/* Says that the file is whole, unless something was lost. */
void out_close(void);

/* What went wrong, on standard error; the file will not be whole. Only the first is told. */
void out_failed(const char *what);

#endif
