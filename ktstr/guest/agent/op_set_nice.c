// SPDX-License-Identifier: GPL-2.0-only
/* set_nice CGROUP GROUP COUNT NICE: gives running workers a nice value. */
#include <ktstr/operation.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "agent.h"
#include "worker_choice.h"

static int nice_of(const struct arguments *arguments)
{
	const char *text = argument_text(arguments, "nice");
	char *end;
	long nice;

	errno = 0;
	nice = strtol(text, &end, 10);
	if (end == text || *end || errno || nice < -20 || nice > 19)
		argument_refuse(arguments, "nice", "must be a whole number from -20 to 19");
	return (int)nice;
}

static bool set_nice(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);
	int nice = nice_of(arguments);

	for (unsigned int i = 0; i < choice->count; i++)
		if (setpriority(PRIO_PROCESS, (id_t)worker_task(choice->all[i]), nice) && errno != ESRCH)
			operation_refused("setpriority");
	return true;
}
KTSTR_OPERATION(set_nice, "cgroup group count:u32 nice", set_nice);
