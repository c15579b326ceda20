// SPDX-License-Identifier: GPL-2.0-only
/* swap_cpusets CGROUP OTHER: gives two cgroups each other's cpuset. */
#include <ktstr/operation.h>

#include "cgroup.h"

#define CPUS_BYTES (KTSTR_MAX_CPUS * 5)

/* A list of CPUs as cpuset.cpus takes it: a newline is what clears it. */
static const char *list(const char *cpus)
{
	return *cpus ? cpus : "\n";
}

static bool swap_cpusets(const struct arguments *arguments)
{
	static char first[CPUS_BYTES], second[CPUS_BYTES];
	const char *cgroup = argument_text(arguments, "cgroup"), *other = argument_text(arguments, "other");

	if (cgroup_read(cgroup, "cpuset.cpus", first, sizeof(first)) < 0 ||
	    cgroup_read(other, "cpuset.cpus", second, sizeof(second)) < 0 ||
	    !cgroup_write(cgroup, "cpuset.cpus", list(second)) || !cgroup_write(other, "cpuset.cpus", list(first)))
		operation_refused("cpuset.cpus");
	return true;
}
KTSTR_OPERATION(swap_cpusets, "cgroup other", swap_cpusets);
