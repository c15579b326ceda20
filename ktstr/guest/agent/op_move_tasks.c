// SPDX-License-Identifier: GPL-2.0-only
/* move_tasks CGROUP TO COUNT: moves workers from one cgroup into another; 0 is all that runs there. */
#include <ktstr/operation.h>

#include "member.h"

static bool move_tasks(const struct arguments *arguments)
{
	const char *from = argument_text(arguments, "cgroup"), *to = argument_text(arguments, "to");
	unsigned int tasks;
	bool all;

	tasks = members_move(from, to, argument_u32(arguments, "count"), &all);
	if (!all)
		operation_refused("cgroup.procs");
	emit_begin("moved");
	emit_text("cgroup", from);
	emit_text("to", to);
	emit_u64("tasks", tasks);
	emit_end();
	return true;
}
KTSTR_OPERATION(move_tasks, "cgroup to count:u32", move_tasks);
