// SPDX-License-Identifier: GPL-2.0-only
/* The workers that an operation is about. */
#include "worker_choice.h"

#include <stdio.h>
#include <string.h>

#include "files.h"

/* Whether a task is in the cgroup, which the kernel writes "0::/path". */
static bool is_in(pid_t task, const char *cgroup)
{
	char path[64], text[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", task);
	if (file_read(path, text, sizeof(text)) <= 0)
		return false;
	at = strstr(text, "0::/");
	return at && !strcmp(at + strlen("0::/"), cgroup);
}

static bool is_chosen(const struct worker *worker, const char *cgroup, const char *group)
{
	if (!worker->pid || worker->ended || (*group && strcmp(worker->group, group)))
		return false;
	return is_in(worker_task(worker), cgroup);
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
	return &choice;
}
