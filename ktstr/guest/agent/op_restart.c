// SPDX-License-Identifier: GPL-2.0-only
/* restart: stops the attached scheduler and starts the same again. */
#include <ktstr/operation.h>

#include "agent.h"
#include "instance.h"

static bool restart(const struct arguments *arguments)
{
	const struct command *command = agent.scheduler.command;

	(void)arguments;
	return instance_detach() && instance_attach(command);
}
KTSTR_OPERATION(restart, "", restart);
