// SPDX-License-Identifier: GPL-2.0-only
/* resume CGROUP GROUP COUNT: lets workers that were paused go on, by SIGCONT. */
#include <ktstr/operation.h>

#include "agent.h"
#include "worker_signal.h"

static bool resume_workers(const struct arguments *arguments)
{
	workers_resume(&agent.workers, workers_choose(&agent.workers, arguments));
	return true;
}
KTSTR_OPERATION(resume, "cgroup group count:u32", resume_workers);
