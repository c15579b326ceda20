// SPDX-License-Identifier: GPL-2.0-only
/* The workers that an operation is about. */
#include "worker_choice.h"

#include <string.h>
#include <unistd.h>

#include "member.h"

#define READY_NS (100 * NSEC_PER_MSEC)

static bool is_chosen(const struct worker *worker, const char *cgroup, const char *group)
{
	if (!worker->pid || worker->ended || (*group && strcmp(worker->group, group)))
		return false;
	return !strcmp(member_cgroup(worker), cgroup);
}

/*
 * A worker that was spawned a moment ago gives itself its settings, and would undo what the operation sets. The scheduler
 * is not waited for: a worker has the agent's class until then.
 */
static void wait_until_ready(const struct worker_choice *choice)
{
	uint64_t start = now_ns();

	for (unsigned int i = 0; i < choice->count; i++)
		while (!__atomic_load_n(&choice->all[i]->page->ready, __ATOMIC_ACQUIRE) && now_ns() - start < READY_NS)
			usleep(100);
}

const struct worker_choice *workers_choose(struct workers *workers, const struct arguments *arguments)
{
	const char *cgroup = argument_text(arguments, "cgroup"), *group = argument_text(arguments, "group");
	uint32_t most = argument_u32(arguments, "count");
	static struct worker_choice choice;

	choice.count = 0;
	for (unsigned int i = 0; i < workers->count && (!most || choice.count < most); i++)
		if (is_chosen(&workers->all[i], cgroup, group))
			choice.all[choice.count++] = &workers->all[i];
	wait_until_ready(&choice);
	return &choice;
}
