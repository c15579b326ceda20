// SPDX-License-Identifier: GPL-2.0-only
/* Sets of CPUs, or of NUMA nodes, as the plan writes them. */
#include "worker_cpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETS '/'

/* The begin of set number `index`. */
static const char *find_set(const char *text, unsigned int index)
{
	unsigned int sets = 1;
	const char *at = text;

	for (const char *one = text; *one; one++)
		sets += *one == SETS;
	for (index %= sets; index; index--)
		at = strchr(at, SETS) + 1;
	return at;
}

static bool read_number(const char **text, unsigned long *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*number = strtoul(*text, &end, 10);
	*text = end;
	return *number < KTSTR_MAX_CPUS;
}

bool worker_cpus_parse(const char *text, unsigned int index, uint64_t set[KTSTR_CPU_WORDS])
{
	const char *at = find_set(text, index);

	memset(set, 0, KTSTR_CPU_WORDS * sizeof(*set));
	for (;; at++) {
		unsigned long first, last;

		if (!read_number(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !read_number(&at, &last)))
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			set[cpu / 64] |= 1ULL << (cpu % 64);
		if (!*at || *at == SETS)
			return first <= last;
		if (*at != ',' || first > last)
			return false;
	}
}

bool worker_cpus_confine(pid_t task, const char *text, unsigned int index)
{
	uint64_t set[KTSTR_CPU_WORDS];

	if (!worker_cpus_parse(text, index, set)) {
		errno = EINVAL;
		return false;
	}
	return !syscall(SYS_sched_setaffinity, task, sizeof(set), set);
}
