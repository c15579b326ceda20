/* SPDX-License-Identifier: GPL-2.0-only */
/* The globals of the scheduler, and the elements of its array maps, by their path in C. */
#ifndef KTSTR_AGENT_GLOBAL_H
#define KTSTR_AGENT_GLOBAL_H

#include "btf_path.h"

struct global {
	struct btf_number number; /* its type; if there is none, why */
	uint64_t value;		/* of a per-CPU array: the sum over all CPUs */
};

/*
 * Reads `nr`, `cfg.limits[2]`, or `stats[3].nr` of a map that is an array, of the scheduler whose programs are held, also
 * after it has left. False if it cannot, with the reason in `number.wrong`.
 */
bool global_read(const char *path, struct global *global);

/* Calls `visit` with the names that there are. */
void global_names(void (*visit)(const char *name));

#endif
