/* SPDX-License-Identifier: GPL-2.0-only */
/* What a worker measures of itself, in memory that it shares with the agent. */
#ifndef KTSTR_AGENT_WORKER_PAGE_H
#define KTSTR_AGENT_WORKER_PAGE_H

#include <ktstr/basics.h>

struct worker_page {
	uint64_t last_ns;	/* when it was last seen running, or asked to be woken */
	uint64_t gap_ns;	/* the longest time in this phase that it wanted to run and did not */
	uint64_t gap_at_ns;	/* when that ended */
	uint64_t slept_ns;	/* time that it asked to sleep */
	uint64_t excused_ns;	/* the agent's: time that it was kept from running by the plan, not by the scheduler */
	uint64_t excused_seen;	/* how much of that has been taken off its gaps */
	uint64_t iterations;
	uint64_t noted;		/* what its work type counts beside them */
	uint64_t migrations;
	int32_t task;		/* the kernel's number of the thread, if workers are threads of one process */
	int32_t refused;	/* errno, if the kernel refused the thread */
	uint32_t ready;		/* it has its settings, and waits at the gate or works */
	uint32_t phase;		/* the agent's: the number of the phase */
	uint32_t phase_seen;	/* the phase that `gap_ns` and `cpus` are of */
	uint32_t own_policy;	/* it changes its policy by itself */
	uint32_t cpu;		/* where it was last seen; UINT32_MAX before the first look */
	uint64_t cpus[KTSTR_MAX_CPUS / 64]; /* where it was seen in this phase */
	uint64_t gaps[KTSTR_GAP_BUCKETS]; /* bucket i: gaps from 2^i ns up to 2^(i+1) ns */
};

#endif
