// SPDX-License-Identifier: GPL-2.0-only
/* What the agent's children must not inherit. */
#include "process.h"

#include <sched.h>
#include <string.h>

#include "files.h"

bool become_ordinary(void)
{
	struct sched_param normal = { 0 };
	cpu_set_t every;

	memset(&every, 0xff, sizeof(every));
	return !sched_setaffinity(0, sizeof(every), &every) && !sched_setscheduler(0, SCHED_OTHER, &normal) &&
	       file_write("/proc/self/oom_score_adj", "0");
}
