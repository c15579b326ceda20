// SPDX-License-Identifier: GPL-2.0-only
/* stop_workers CGROUP GROUP COUNT: ends workers; all threads of a process end together. */
#include <ktstr/operation.h>

#include "agent.h"
#include "worker_choice.h"

static bool stop_workers(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);
	struct workers *workers = &agent.workers;

	/* All are looked at while they still run. */
	for (unsigned int i = 0; i < choice->count; i++)
		for (unsigned int other = 0; choice->all[i]->thread && other < workers->count; other++)
			if (workers->all[other].pid == choice->all[i]->pid)
				worker_note_end(&workers->all[other]);
	for (unsigned int i = 0; i < choice->count; i++)
		worker_end(choice->all[i]);
	/* One that no hold has released did nothing that a report could have. */
	for (unsigned int i = workers->released; i < workers->count; i++)
		workers->all[i].gone |= workers->all[i].ended;
	agent_reap();
	return true;
}
KTSTR_OPERATION(stop_workers, "cgroup group count:u32", stop_workers);
