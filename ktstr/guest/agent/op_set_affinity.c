// SPDX-License-Identifier: GPL-2.0-only
/* set_affinity CGROUP GROUP COUNT CPUS: confines running workers; of several sets ("0-1/2") each takes the next. */
#include <ktstr/operation.h>

#include <errno.h>

#include "agent.h"
#include "worker_choice.h"
#include "worker_cpus.h"

static bool set_affinity(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);
	const char *cpus = argument_text(arguments, "cpus");
	uint64_t set[KTSTR_CPU_WORDS];

	if (!worker_cpus_parse(cpus, 0, set))
		argument_refuse(arguments, "cpus", "must be a list such as 0-2,5");
	for (unsigned int i = 0; i < choice->count; i++)
		if (!worker_cpus_confine(worker_task(choice->all[i]), cpus, i) && errno != ESRCH)
			operation_refused("sched_setaffinity");
	return true;
}
KTSTR_OPERATION(set_affinity, "cgroup group count:u32 cpus", set_affinity);
