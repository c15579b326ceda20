/* SPDX-License-Identifier: GPL-2.0-only */
/* A call of a BPF program of SEC("syscall"): the program, its context, and what it made of that. */
#ifndef KTSTR_AGENT_CALL_H
#define KTSTR_AGENT_CALL_H

#include "btf_path.h"

#define CALL_VALUES 32
#define CALL_BYTES 4096 /* of a context; the kernel takes 64 KiB */

struct call {
	int program;
	struct btf btf;
	uint32_t context;	/* the type of its context; 0 if that is not a struct */
	_Alignas(8) char bytes[CALL_BYTES];
	size_t size;
	struct btf_number places[CALL_VALUES]; /* of its values */
	int32_t returned;
	char wrong[256];	/* what the caller asked for in vain */
};

/* Finds the program of that name among those that are held. False, with what is wrong, if there is none. */
bool call_find(struct call *call, const char *name);

/*
 * Puts values into the context: `.member=7` by their path in it, or just `7`, the next of its u64. `@cgroup/0` is the
 * task of that worker. False, with what is wrong, if one does not fit.
 */
bool call_fill(struct call *call, char *const *values);

/* Runs it; false, with errno, if the kernel refuses. */
bool call_run(struct call *call);

/* Emits in a field what the context has at each of those places now, as `member=7 other=8`. */
void call_emit(const struct call *call, const char *key, char *const *values);

void call_end(struct call *call);

#endif
