/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of the declared schedulers, by name. */
#ifndef KTSTR_AGENT_COMMAND_H
#define KTSTR_AGENT_COMMAND_H

#include <ktstr/basics.h>

#define COMMAND_OF_TEST "-" /* the name of the test's own scheduler in the plan */

struct command {
	const char *name;
	char **argv;
	uint64_t timeout_ns; /* that it may take to attach */
};

/* Keeps a command; the texts must stay where they are. Fails if there are too many. */
const struct command *command_keep(const char *name, char *const argv[], uint64_t timeout_ns);

/* The command of that name; NULL if there is none. */
const struct command *command_find(const char *name);

#endif
