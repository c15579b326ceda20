/* SPDX-License-Identifier: GPL-2.0-only */
/* The perturber: bursts of a real-time task that preempt what runs. */
#ifndef KTSTR_AGENT_PERTURB_H
#define KTSTR_AGENT_PERTURB_H

#include <ktstr/basics.h>

/* Gives the next hold a perturber: a real-time process on every CPU. */
void perturb_enable(void);

/* Whether the next hold has one. */
bool perturb_enabled(void);

/* Adds a burst of `ns` on a CPU, `at_ns` after the start of the hold; 0 ns: none, it only keeps the plan's length. */
void perturb_add(unsigned int cpu, uint64_t at_ns, uint64_t ns);

/* Starts the processes, which wait. `gate` is the workers', which must not stay open in them; -1 if there is none. */
void perturb_prepare(int gate);

/* Lets them go; `start_ns` is when the hold begins. */
void perturb_go(uint64_t start_ns);

/* Ends the processes and reports each burst: when it was and, if switches were traced, whom it preempted. */
void perturb_stop(void);

#endif
