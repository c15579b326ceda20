/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs as workloads: each is a process tree in a cgroup of its own, and ends as a whole. */
#ifndef KTSTR_AGENT_PAYLOAD_H
#define KTSTR_AGENT_PAYLOAD_H

#include <ktstr/basics.h>

/*
 * Starts a program in a cgroup of its own, payload-NAME, below `cgroup` (empty: below the workload root). It waits for the
 * next hold; in a hold it begins at once. It is killed `timeout_ns` after its begin (0: never). `environment` goes before
 * the agent's own. If the kernel refuses the cgroup or the fork, the operation counts as refused. Fails if one of that name
 * runs.
 */
void payload_start(const char *name, const char *cgroup, uint64_t timeout_ns, char *const *environment, size_t count,
		   char *const argv[]);

/*
 * The hold is over once this one, and whatever else is waited for, has ended. The operation counts as refused, with ENOENT, if
 * there is none of that name.
 */
void payload_wait(const char *name);

/*
 * Sends the signal, waits up to `grace_ns` until the program has ended, and kills what is left of it. One that has ended is
 * left as it is. The operation counts as refused, with ENOENT, if there is none of that name.
 */
void payload_kill(const char *name, int signal, uint64_t grace_ns);

/* The hold begins: what waits for it was released at `now`. */
void payloads_begin(uint64_t now);

/* Takes the programs' output, and kills whose time is over; never waits. */
void payloads_watch(void);

/* Whether something is waited for, and all of that has ended. */
bool payloads_awaited(void);

/* Notes that a child ended, if it was a payload; whether it was. */
bool payloads_reaped(pid_t pid, int status);

/* Notes that the plan ends what runs in a cgroup and below it. */
void payloads_told(const char *cgroup);

/* Reports each payload at the end of a hold. `full`: what is waited for has had all of the hold, and is killed now. */
void payloads_report(bool full);

/* Ends all that run, SIGTERM first, and reports them; call it again after the scheduler is gone with `last`. */
void payloads_end(bool last);

#endif
