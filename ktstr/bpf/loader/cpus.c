// SPDX-License-Identifier: GPL-2.0-only
/*
 * `const volatile u32 nr_cpu_ids`: how many CPUs the machine may have. The userspace programs of schedulers fill it in
 * (SCX_OPS_OPEN of the kernel's tools/sched_ext does); so do we for those that have none.
 */
#include "cpus.h"

#include <string.h>

#include "log.h"
#include "variable.h"

static void fill_in(void *context, const char *name, const struct variable *variable)
{
	if (!strcmp(name, "nr_cpu_ids") && btf_is_int(variable->type))
		variable_store(variable, (__u64)*(const int *)context);
}

int cpus_set(struct bpf_object *object)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0) {
		say("the number of CPUs cannot be read: %s", strerror(-cpus));
		return -1;
	}
	variables_visit(object, fill_in, &cpus);
	return 0;
}
