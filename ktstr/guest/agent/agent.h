/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's state: what operations work on. */
#ifndef KTSTR_AGENT_AGENT_H
#define KTSTR_AGENT_AGENT_H

#include "plan.h"
#include "scheduler.h"
#include "worker.h"

struct agent {
	struct scheduler scheduler;
	struct workers workers;
	struct plan plan;
};

extern struct agent agent;

/* Notes every child that has ended. */
void agent_reap(void);

/* Sleeps for `ns`, then takes the program's output and notes who has ended. */
void agent_tick(uint64_t ns);

/* Waits up to 2 s for a scheduler that has left to say why, looking every `tick_ns`. */
void agent_hear_out(uint64_t tick_ns);

#endif
