/* SPDX-License-Identifier: GPL-2.0-only */
/* The observer: how long every task waits for a CPU and has one, counted by BPF programs on the scheduler's tracepoints. */
#ifndef KTSTR_AGENT_OBSERVER_H
#define KTSTR_AGENT_OBSERVER_H

#include "worker.h"

/* Loads the programs in the file at `path`, with room for the plan's workers, and attaches them. */
void observer_start(const char *path, unsigned int workers);

/* Around the start of workers: they are known by observer_knows(), and not counted before. */
void observer_spawning(bool spawning);
void observer_knows(const struct worker *worker);

/* A CPU is going offline, or has come online: one that is offline is not idle. */
void observer_cpu(unsigned int cpu, bool online);

/* The first hold begins: what was until now does not count. */
void observer_begin(void);

/* A hold is over; what is counted from here on belongs to the next phase. */
void observer_end(void);

/* Emits an event `latency` for each task that did something in the phase that observer_end() ended. */
void observer_report(const struct workers *workers);

#endif
