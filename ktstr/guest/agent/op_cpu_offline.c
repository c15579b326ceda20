// SPDX-License-Identifier: GPL-2.0-only
/* cpu_offline CPU: takes a CPU offline; it is online again when the plan is over. */
#include <ktstr/operation.h>

#include "hotplug.h"
#include "system.h"

static bool cpu_offline(const struct arguments *arguments)
{
	uint32_t cpu = argument_u32(arguments, "cpu");

	if (cpu >= system_cpus() || cpu >= KTSTR_MAX_CPUS)
		argument_refuse(arguments, "cpu", "the guest has no such CPU");
	if (!hotplug_set(cpu, false))
		operation_refused("/sys/devices/system/cpu/cpuN/online");
	return true;
}
KTSTR_OPERATION(cpu_offline, "cpu:u32", cpu_offline);
