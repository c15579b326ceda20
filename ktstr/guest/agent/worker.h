/* SPDX-License-Identifier: GPL-2.0-only */
/* The workers' processes. */
#ifndef KTSTR_AGENT_WORKER_H
#define KTSTR_AGENT_WORKER_H

#include "work.h"
#include "worker_settings.h"

/* A worker's counters at one instant. */
struct worker_reading {
	uint64_t now_ns;
	uint64_t run_ns, wait_ns;
	bool counted;		/* the kernel still has the task, so the times above are valid */
	int ext;		/* whether sched_ext has it: 1, 0, -1 if the kernel does not say */
	uint64_t slept_ns, stopped_ns;
	uint64_t gap_ns, gap_at_ns; /* of this phase, the gap that is not over yet included */
	uint64_t iterations, migrations, noted;
	uint64_t cpus[KTSTR_MAX_CPUS / 64]; /* of this phase */
	uint64_t gaps[KTSTR_GAP_BUCKETS];
};

struct worker {
	pid_t pid;		/* of the process; 0 once reaped */
	bool thread;		/* one of several in its process */
	char cgroup[256];	/* where it was spawned */
	char group[64];		/* empty: it is in none */
	bool moved;		/* it is elsewhere now */
	char moved_to[256];
	char kind[32];
	unsigned int index;
	bool ended;		/* the plan ended it: see workers_end() */
	bool gone;		/* it has ended, and that was reported */
	uint64_t stopped_at_ns; /* since when the plan keeps it from running; 0: it does not */
	int status;		/* wait status once reaped */
	struct worker_reading base; /* at the begin of the phase */
	struct worker_reading *last; /* at its end, if the plan ended it */
	struct worker_page *page;
};

struct workers {
	unsigned int count;
	unsigned int released;
	uint32_t phase;		/* the number of the hold, from 0 */
	bool holding;		/* a hold is under way: workers that are spawned begin at once */
	int gate;		/* workers wait until this pipe's write end is closed; -1 if none wait */
	int gate_read;
	struct worker *all;	/* room for KTSTR_MAX_WORKERS; NULL before the first */
	char *pages;		/* a page for each of them */
};

/*
 * Forks workers into a cgroup. They wait at the gate for the next hold; in a hold they begin at once. If the kernel
 * refuses a fork, the operation counts as refused, and no more are forked.
 */
void workers_spawn(struct workers *workers, const char *cgroup, unsigned int count, const struct work *work,
		   const struct worker_settings *settings);

/* Opens the gate's pipe, if none is open: what waits for the next hold reads from `gate_read`, with `gate` closed in it. */
void workers_open_gate(struct workers *workers);

/* Lets go what waits at the gate without waiting until it has got there: a hold goes on meanwhile. */
void workers_release_now(struct workers *workers);

/* The kernel's number of the worker's task: of its process, or of its thread. */
pid_t worker_task(const struct worker *worker);

/* Lets the new workers go; returns when that was, in ns. */
uint64_t workers_release(struct workers *workers);

/*
 * Ends a worker as the plan asks; what it did up to here is in the report of this phase. A thread's process ends with all
 * its threads: call worker_note_end() for each of them before.
 */
void worker_end(struct worker *worker);
void worker_note_end(struct worker *worker);

/*
 * Around a time in which the plan keeps a worker from running (SIGSTOP, a frozen cgroup): call the first once it is
 * stopped, the second just before it goes on. That time is no gap, and is reported as `stopped_ns`.
 */
void worker_stopped(struct worker *worker);
void worker_continues(struct worker *worker);

/*
 * Reads every worker while it runs: a starved one could not report itself. All are looked at first and reported
 * afterwards, because reporting takes the agent's CPU from the workers on it. The counters are those since the last
 * report; the next phase begins.
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
