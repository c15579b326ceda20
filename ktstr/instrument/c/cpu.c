// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

#include "api.h"

unsigned int cpu_number(void)
{
	static void *cpus[MOST_CPUS];
	static unsigned int count, last;
	void *here = current_cpu;

	if (last < count && cpus[last] == here)
		return last;
	for (last = 0; last < count; last++)
		if (cpus[last] == here)
			return last;
	if (count < MOST_CPUS)
		cpus[count++] = here;
	return last;
}

unsigned int cpu_guest_number(void)
{
	static void *cpus[MOST_CPUS];
	static unsigned int last;
	void *here = current_cpu;

	if (cpus[last] == here)
		return last;
	for (last = 0; last < MOST_CPUS; last++) {
		if (!cpus[last])
			cpus[last] = qemu_get_cpu((int)last);
		if (cpus[last] == here)
			return last;
		if (!cpus[last])
			break;
	}
	last = 0;
	return MOST_CPUS;
}
