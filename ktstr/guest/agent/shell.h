/* SPDX-License-Identifier: GPL-2.0-only */
/* A session: a program that the host talks to. */
#ifndef KTSTR_AGENT_SHELL_H
#define KTSTR_AGENT_SHELL_H

#include <ktstr/basics.h>

struct shell_request {
	bool terminal;		/* its standard streams are a terminal; else they are pipes */
	bool kernel_log;	/* the host also gets the kernel's log */
	unsigned int rows, columns;
	char *const *argv;
};

/* Runs the program to its end. */
void shell_run(const struct shell_request *request);

#endif
