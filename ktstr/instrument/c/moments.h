/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened in the guest, in the order in which it did. */
#ifndef KTSTR_PLUGIN_MOMENTS_H
#define KTSTR_PLUGIN_MOMENTS_H

#include <stdint.h>

#define TASK_COMM 16 /* TASK_COMM_LEN */

enum moment_kind { MOMENT_SWITCH = 1, MOMENT_WAKE, MOMENT_CALL, MOMENT_CLOCK };

/* The file has these structs as they are. */
struct moment {
	uint64_t ns; /* of the virtual clock */
	uint32_t kind;
	uint32_t cpu;
	int32_t task;	/* a switch: who runs from now on; a wake: who is woken */
	int32_t before; /* a switch: who ran; a call: the number of the owner of the code (owner.h) */
	/* A switch: the state of who ran (0: it could go on). A call: the ns of its end. Clock: how far CLOCK_MONOTONIC is on. */
	uint64_t value;
	uint64_t insns; /* a call: how many of BPF code it took */
	char comm[TASK_COMM]; /* of the task */
	char comm_before[TASK_COMM]; /* of who ran */
};

void moment_add(const struct moment *moment);

/* Writes those that have not been. */
void moments_write(void);

#endif
