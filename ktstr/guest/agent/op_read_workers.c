// SPDX-License-Identifier: GPL-2.0-only
/* read_workers CGROUP GROUP COUNT: reports what the kernel says of workers in an event `task` each. */
#include <ktstr/operation.h>

#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent.h"
#include "files.h"
#include "worker_choice.h"

/* A file of the task's folder in procfs; empty if it cannot be read. */
static void read_proc(pid_t task, const char *name, char *text, size_t size)
{
	char path[64];

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", task, name);
	if (file_read(path, text, size) < 0)
		text[0] = '\0';
}

/* The first word of a line "KEY:\tWORD ..." of status. */
static void emit_status(const char *status, const char *key, const char *line)
{
	const char *at = strstr(status, line);
	char word[256];

	if (at && sscanf(at + strlen(line), " %255s", word) == 1)
		emit_text(key, word);
}

static void emit_policy(pid_t task)
{
	struct worker_policy policy;

	if (!worker_policy_get(task, &policy))
		return;
	emit_i64("policy", policy.policy);
	emit_i64("nice", policy.nice);
	emit_u64("priority", policy.priority);
	emit_u64("runtime_ns", policy.runtime_ns);
	emit_u64("deadline_ns", policy.deadline_ns);
	emit_u64("period_ns", policy.period_ns);
}

/* The mode and the nodes of the memory policy, as numa_maps has them for the first mapping. */
static void emit_memory(pid_t task)
{
	char text[256], word[64];

	read_proc(task, "numa_maps", text, sizeof(text));
	if (sscanf(text, "%*s %63s", word) == 1)
		emit_text("memory", word);
}

static void emit_task(const struct worker *worker)
{
	pid_t task = worker_task(worker);
	unsigned long long cookie = 0;
	char text[4096];

	emit_begin("task");
	emit_u64("index", worker->index);
	emit_i64("pid", task);
	emit_i64("process", worker->pid);
	emit_text("group", worker->group);
	read_proc(task, "cgroup", text, sizeof(text));
	emit_text("cgroup", strncmp(text, "0::/", 4) ? text : text + 4);
	read_proc(task, "comm", text, sizeof(text));
	emit_text("comm", text);
	read_proc(task, "status", text, sizeof(text));
	emit_status(text, "state", "\nState:");
	emit_status(text, "uid", "\nUid:");
	emit_status(text, "gid", "\nGid:");
	emit_status(text, "cpus", "\nCpus_allowed_list:");
	emit_policy(task);
	emit_memory(task);
	if (!prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, task, PR_SCHED_CORE_SCOPE_THREAD, &cookie))
		emit_u64("core_cookie", cookie != 0); /* its number is another one in each run */
	emit_end();
}

static bool read_workers(const struct arguments *arguments)
{
	const struct worker_choice *choice = workers_choose(&agent.workers, arguments);

	for (unsigned int i = 0; i < choice->count; i++)
		emit_task(choice->all[i]);
	return true;
}
KTSTR_OPERATION(read_workers, "cgroup group count:u32", read_workers);
