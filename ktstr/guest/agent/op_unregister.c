// SPDX-License-Identifier: GPL-2.0-only
/* unregister: stops the workers and the scheduler, and waits until the kernel is back on its own scheduler. */
#include <ktstr/operation.h>

#include "agent.h"

#define TICK_NS (10 * NSEC_PER_MSEC)
#define LEAVE_NS (5 * NSEC_PER_SEC) /* that the kernel may take */

static bool unregister(const struct arguments *arguments)
{
	uint64_t start;

	(void)arguments;
	workers_kill(&agent.workers);
	scheduler_stop(&agent.scheduler);
	start = now_ns();
	while (scheduler_active() && now_ns() - start < LEAVE_NS)
		agent_tick(TICK_NS);
	scheduler_state(&agent.scheduler, "default");
	agent.scheduler.declared = false;
	return true;
}
KTSTR_OPERATION(unregister, "", unregister);
