// SPDX-License-Identifier: GPL-2.0-only
/* What a group of workers is beside its work: policy, affinity, name, user, threads, memory. */
#include "worker_settings.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/event.h>

#include "worker_cpus.h"

#define PLAN "plan"
#define WHERE "spawn"
#define PRIORITY 10 /* of fifo and rr, if the plan gives none; below the agent, which must observe them */

/* Newer than some C libraries' headers. */
#define WEIGHTED_INTERLEAVE 6

static long long number_of(const char *word, const char *value, long long least, long long most)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (end == value || *end || errno || number < least || number > most)
		fail_format(PLAN, WHERE ": %s: must be a whole number from %lld to %lld", word, least, most);
	return number;
}

static const char *sets_of(const char *word, const char *value)
{
	uint64_t set[KTSTR_CPU_WORDS];

	if (!worker_cpus_parse(value, 0, set))
		fail_format(PLAN, WHERE ": %s: must be a list such as 0-2,5", word);
	return value;
}

/* "bind:0-1": the mode, and the nodes; NULL if the mode takes none. */
static int memory_of(const char *word, const char *value, const char **nodes)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = {
		{ "preferred", MPOL_PREFERRED },
		{ "bind", MPOL_BIND },
		{ "interleave", MPOL_INTERLEAVE },
		{ "local", MPOL_LOCAL },
		{ "preferred_many", MPOL_PREFERRED_MANY },
		{ "weighted_interleave", WEIGHTED_INTERLEAVE },
	};
	size_t length = strcspn(value, ":");

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strlen(modes[i].name) != length || strncmp(modes[i].name, value, length))
			continue;
		*nodes = value[length] ? sets_of(word, value + length + 1) : NULL;
		return modes[i].mode;
	}
	fail_format(PLAN, WHERE ": %s: there is no such memory policy", word);
}

/* The value of the word "+KEY=VALUE", or NULL if it has another key. */
static const char *value_of(const char *word, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(word + 1, key, length) && word[1 + length] == '=' ? word + length + 2 : NULL;
}

static bool parse_policy(struct worker_policy *policy, const char *word)
{
	const char *value;

	if ((value = value_of(word, "nice")))
		policy->nice = (int)number_of(word, value, -20, 19);
	else if ((value = value_of(word, "priority")))
		policy->priority = (uint32_t)number_of(word, value, 1, 99);
	else if ((value = value_of(word, "runtime_ns")))
		policy->runtime_ns = (uint64_t)number_of(word, value, 1, INT64_MAX);
	else if ((value = value_of(word, "deadline_ns")))
		policy->deadline_ns = (uint64_t)number_of(word, value, 1, INT64_MAX);
	else if ((value = value_of(word, "period_ns")))
		policy->period_ns = (uint64_t)number_of(word, value, 1, INT64_MAX);
	return value != NULL;
}

static void parse_word(struct worker_settings *settings, const char *word)
{
	const char *value;

	if (parse_policy(&settings->policy, word))
		return;
	if ((value = value_of(word, "group"))) {
		settings->group = value;
	} else if ((value = value_of(word, "affinity"))) {
		settings->affinity = sets_of(word, value);
	} else if ((value = value_of(word, "comm"))) {
		settings->comm = value;
	} else if ((value = value_of(word, "memory"))) {
		settings->memory = memory_of(word, value, &settings->nodes);
	} else if ((value = value_of(word, "threads"))) {
		settings->threads = number_of(word, value, 0, 1);
	} else if ((value = value_of(word, "uid"))) {
		settings->uid = (uint32_t)number_of(word, value, 0, UINT32_MAX - 1);
		settings->has_uid = true;
	} else if ((value = value_of(word, "gid"))) {
		settings->gid = (uint32_t)number_of(word, value, 0, UINT32_MAX - 1);
		settings->has_gid = true;
	} else {
		fail_format(PLAN, WHERE ": %s: there is no such setting of workers", word);
	}
}

struct worker_settings worker_settings_parse(int policy, char *const *words)
{
	struct worker_settings settings = { .policy.policy = policy, .group = "", .memory = -1 };

	if (policy == SCHED_FIFO || policy == SCHED_RR)
		settings.policy.priority = PRIORITY;
	for (; *words; words++)
		if (**words == '+')
			parse_word(&settings, *words);
	return settings;
}

static void apply_memory(const struct worker_settings *settings, unsigned int place)
{
	uint64_t nodes[KTSTR_CPU_WORDS];

	if (settings->memory < 0)
		return;
	if (settings->nodes && !worker_cpus_parse(settings->nodes, place, nodes))
		fail(WHERE, "memory: a list of nodes that is none");
	if (syscall(SYS_set_mempolicy, settings->memory, settings->nodes ? nodes : NULL,
		    settings->nodes ? sizeof(nodes) * 8 : 0))
		fail_errno(WHERE, "memory: set_mempolicy");
}

/* The system calls themselves: those of the C library change all threads of the process. */
static void apply_user(const struct worker_settings *settings)
{
	if (settings->has_gid && syscall(SYS_setresgid, settings->gid, settings->gid, settings->gid))
		fail_errno(WHERE, "gid: setresgid");
	if (settings->has_uid && syscall(SYS_setresuid, settings->uid, settings->uid, settings->uid))
		fail_errno(WHERE, "uid: setresuid");
}

void worker_settings_apply(const struct worker_settings *settings, unsigned int place, unsigned int index)
{
	char name[16];
	cpu_set_t every;

	if (settings->comm)
		snprintf(name, sizeof(name), "%s", settings->comm);
	else
		snprintf(name, sizeof(name), "ktstr-w%u", index);
	prctl(PR_SET_NAME, name);
	/* A sleep ends when it was asked to, not up to 50 us later: that would count as waiting for a CPU. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* The agent's CPU and its real-time class are not for the workers. */
	memset(&every, 0xff, sizeof(every));
	if (sched_setaffinity(0, sizeof(every), &every))
		fail_errno(WHERE, "affinity: sched_setaffinity");
	if (settings->affinity && !worker_cpus_confine(0, settings->affinity, place))
		fail_errno(WHERE, "affinity: sched_setaffinity");
	apply_memory(settings, place);
	if (!worker_policy_set(0, &settings->policy))
		fail_errno(WHERE, "policy: sched_setattr");
	apply_user(settings);
}
