/* SPDX-License-Identifier: GPL-2.0-only */
/* The workers' processes. */
#ifndef KTSTR_AGENT_WORKER_H
#define KTSTR_AGENT_WORKER_H

#include "work.h"

struct worker {
	pid_t pid;		/* 0 once reaped */
	char cgroup[64];
	char kind[32];
	unsigned int index;
	uint64_t start_ns;	/* 0 until released */
	uint64_t run_base_ns;
	uint64_t wait_base_ns;
	int status;		/* wait status once reaped */
	struct worker_page *page;
};

struct workers {
	unsigned int count;
	unsigned int released;
	int gate;		/* workers wait until this pipe's write end is closed; -1 if none wait */
	int gate_read;
	struct worker all[KTSTR_MAX_WORKERS];
};

/* Forks workers into a cgroup. They wait at the gate. */
void workers_spawn(struct workers *workers, const char *cgroup, unsigned int count, const struct work *work);

/* Lets the new workers go; returns when that was, in ns. */
uint64_t workers_release(struct workers *workers);

/*
 * Reads every worker while it runs: a starved one could not report itself. All are looked at first and reported
 * afterwards, because reporting takes the agent's CPU from the workers on it.
 */
void workers_report(struct workers *workers);

/* Notes that a child ended, if it was a worker. */
void workers_reaped(struct workers *workers, pid_t pid, int status);

/*
 * Kills and reaps the workers; returns how many are left. Under a scheduler that starves them some do not get to die
 * until the scheduler is gone; a second call reaps them then.
 */
unsigned int workers_kill(struct workers *workers);

#endif
