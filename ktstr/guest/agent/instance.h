/* SPDX-License-Identifier: GPL-2.0-only */
/* Schedulers that follow each other in one plan. */
#ifndef KTSTR_AGENT_INSTANCE_H
#define KTSTR_AGENT_INSTANCE_H

#include "command.h"

struct arguments;

/* The command of the scheduler that the argument `scheduler` names; refuses the argument if there is none. */
const struct command *instance_command(const struct arguments *arguments);

/* Starts a scheduler and waits until it is enabled; false if it never is, or if another one is attached. */
bool instance_attach(const struct command *command);

/* Stops the attached scheduler and waits until the kernel has let it go; false if it had left by itself. */
bool instance_detach(void);

/* Starts a scheduler while another one is attached, waits until its program ends or has attached, and stops it. */
void instance_attach_over(const struct command *command);

#endif
