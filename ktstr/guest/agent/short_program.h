/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that ends soon: the agent's own file, executed by work_execute(). */
#ifndef KTSTR_AGENT_SHORT_PROGRAM_H
#define KTSTR_AGENT_SHORT_PROGRAM_H

#include <ktstr/basics.h>

/* Whether the agent was executed as that. */
bool short_program_wanted(int argc, char *const *argv);

/* Computes, writes the time in ns, and returns the exit status. */
int short_program(char *const *argv);

#endif
