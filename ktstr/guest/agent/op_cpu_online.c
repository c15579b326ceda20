// SPDX-License-Identifier: GPL-2.0-only
/* cpu_online CPU: brings a CPU online. */
#include <ktstr/operation.h>

#include "hotplug.h"
#include "system.h"

static bool cpu_online(const struct arguments *arguments)
{
	uint32_t cpu = argument_u32(arguments, "cpu");

	if (cpu >= system_cpus() || cpu >= KTSTR_MAX_CPUS)
		argument_refuse(arguments, "cpu", "the guest has no such CPU");
	if (!hotplug_set(cpu, true))
		operation_refused("/sys/devices/system/cpu/cpuN/online");
	return true;
}
KTSTR_OPERATION(cpu_online, "cpu:u32", cpu_online);
