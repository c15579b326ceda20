/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs that are taken offline and brought online again. */
#ifndef KTSTR_AGENT_HOTPLUG_H
#define KTSTR_AGENT_HOTPLUG_H

#include <ktstr/basics.h>

/* Takes a CPU offline or brings it online; false, with errno, if the kernel refuses or if it takes too long. */
bool hotplug_set(unsigned int cpu, bool online);

/* Brings every CPU back to what it was when the plan began. Fails if the kernel refuses. */
void hotplug_restore(void);

#endif
