/* SPDX-License-Identifier: GPL-2.0-only */
/* The scheduler's process, and the kernel's view of sched_ext. */
#ifndef KTSTR_AGENT_SCHEDULER_H
#define KTSTR_AGENT_SCHEDULER_H

#include "command.h"

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
	bool told;		/* the agent has sent it a signal to end */
	bool over;		/* it was started while another one was attached */
	const struct command *command; /* by which it was started; NULL if it is no scheduler */
	uint64_t started_ns;	/* when its program was started */
	uint64_t stopping_ns;	/* how long it took to end once it was told to; 0: it has not, or had ended before */
	uint64_t hotplug_ns;	/* when a CPU was last taken offline or brought online under it; 0: never */
	uint64_t enable_seq;	/* the kernel's number of it; 0 if unknown */
};

/*
 * Starts the command and waits until the kernel says that a scheduler is enabled, or that it has ejected it meanwhile,
 * until the program exits, or until the time is over. Events report what happened; `lost` is set if no scheduler is enabled.
 */
void scheduler_start(struct scheduler *scheduler, const struct command *command);

/*
 * Starts the command while another scheduler is attached, and waits until its program exits, a scheduler is enabled once
 * more, or the time is over; whether one was enabled.
 */
bool scheduler_try(struct scheduler *scheduler, const struct command *command);

/* Notes that a CPU went offline or came online: programs of schedulers attach again after that. */
void scheduler_hotplug(struct scheduler *scheduler);

/*
 * Whether the scheduler has left by itself. One whose program attaches again after a CPU went offline or came online has
 * not: it gets a few seconds, and is reported as attached once more.
 */
bool scheduler_gone(struct scheduler *scheduler);

/* Forgets a program that has ended, so that another one can be started in its place. */
void scheduler_forget(struct scheduler *scheduler);

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
