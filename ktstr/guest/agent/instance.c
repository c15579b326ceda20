// SPDX-License-Identifier: GPL-2.0-only
/* Schedulers that follow each other in one plan: the kernel takes one at a time. */
#include "instance.h"

#include <ktstr/operation.h>

#include <errno.h>
#include <stdlib.h>

#include "agent.h"
#include "dump.h"
#include "held.h"

#define TICK_NS (2 * NSEC_PER_MSEC)
#define LEAVE_NS (5 * NSEC_PER_SEC) /* that the kernel may take */

const struct command *instance_command(const struct arguments *arguments)
{
	const struct command *command = command_find(argument_text(arguments, "scheduler"));

	if (!command)
		argument_refuse(arguments, "scheduler", "the plan declares no such scheduler");
	return command;
}

bool instance_attach(const struct command *command)
{
	if (agent.scheduler.declared) {
		errno = EBUSY;
		operation_refused("another scheduler is attached");
		return true;
	}
	scheduler_start(&agent.scheduler, command);
	if (agent.scheduler.lost)
		return false;
	held_take();
	return true;
}

bool instance_detach(void)
{
	uint64_t start;

	if (!agent.scheduler.declared) {
		errno = ENOENT;
		operation_refused("no scheduler is attached");
		return true;
	}
	while (!scheduler_enabled() && !scheduler_gone(&agent.scheduler))
		agent_tick(TICK_NS);
	scheduler_state(&agent.scheduler, "leaving");
	if (!scheduler_enabled()) {
		agent.scheduler.lost = true;
		agent_hear_out(TICK_NS);
		dump_exit(&agent.scheduler);
		return false;
	}
	scheduler_stop(&agent.scheduler);
	start = now_ns();
	while (scheduler_active() && now_ns() - start < LEAVE_NS)
		agent_tick(TICK_NS);
	if (scheduler_active()) {
		errno = ETIMEDOUT;
		operation_refused("the kernel has not let the scheduler go");
	}
	scheduler_state(&agent.scheduler, "default");
	scheduler_forget(&agent.scheduler);
	return true;
}

void instance_attach_over(const struct command *command)
{
	struct scheduler *other = calloc(1, sizeof(*other));

	if (!other)
		fail_errno("attach_over", "memory for a scheduler");
	other->log = -1;
	other->over = true;
	if (!scheduler_try(other, command)) {
		errno = EBUSY;
		operation_refused(command->argv[0]);
	}
	scheduler_stop(other);
	scheduler_forget(other);
	free(other);
}
