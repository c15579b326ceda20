// SPDX-License-Identifier: GPL-2.0-only
/* pause CGROUP GROUP COUNT: stops workers by SIGSTOP, until a resume. */
#include <ktstr/operation.h>

#include "agent.h"
#include "worker_signal.h"

/* Not `pause`: the C library has a function of that name. */
static bool pause_workers(const struct arguments *arguments)
{
	workers_pause(&agent.workers, workers_choose(&agent.workers, arguments));
	return true;
}
KTSTR_OPERATION(pause, "cgroup group count:u32", pause_workers);
