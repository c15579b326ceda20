/* SPDX-License-Identifier: GPL-2.0-only */
/* The scheduler's process, and the kernel's view of sched_ext. */
#ifndef KTSTR_AGENT_SCHEDULER_H
#define KTSTR_AGENT_SCHEDULER_H

#include <ktstr/basics.h>

struct scheduler {
	pid_t pid;		/* 0: none was started, or it was reaped */
	int log;		/* read end of its stdout and stderr, -1 if none */
	bool declared;		/* a sched_ext scheduler is expected to be attached */
	bool lost;		/* it stopped scheduling before it was asked to */
	size_t logged;		/* bytes of log so far */
	size_t pending;		/* bytes of an unfinished line in `line` */
	char line[2048];
	char *tail;		/* the log's end, a ring of LOG_TAIL bytes; NULL while all of it could be emitted */
	size_t kept;		/* where in the log that begins */
};

/*
 * Starts argv and waits until the kernel says that a scheduler is enabled, until the program exits, or until the time is
 * over. Events report what happened; `lost` is set if no scheduler is enabled.
 */
void scheduler_start(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns);

/* Runs argv, which is not a scheduler, to its end; its output goes where a scheduler's goes. Kills it after the time. */
void scheduler_run(struct scheduler *scheduler, char *const argv[], uint64_t timeout_ns);

/* Whether the kernel says that a scheduler is enabled. */
bool scheduler_enabled(void);

/* Whether a scheduler is attached, attaching or leaving. */
bool scheduler_active(void);

/* Reports what the program has written; never waits. */
void scheduler_watch(struct scheduler *scheduler);

/* Reports the kernel's state of sched_ext; `when` is what has just happened. */
void scheduler_state(const struct scheduler *scheduler, const char *when);

/* Stops the program: SIGINT, SIGTERM, SIGKILL. */
void scheduler_stop(struct scheduler *scheduler);

/* Reports the end of the program, which waitpid(2) has reported as `status`. */
void scheduler_reaped(struct scheduler *scheduler, int status);

#endif
