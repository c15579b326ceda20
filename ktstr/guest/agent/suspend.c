// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend to idle, as far as a guest can: with the kernel's own test of it (Documentation/power/basic-pm-debugging), which
 * calls the notifiers, by which sched_ext bypasses the scheduler, and freezes all tasks; it then waits and goes back. The
 * devices stay, because the guest has none that could wake it.
 */
#include "suspend.h"

#include <ktstr/operation.h>

#include <stdio.h>

#include "files.h"
#include "machine.h"

#define DELAY "/sys/module/suspend/parameters/pm_test_delay"

void suspend_for(unsigned int seconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", seconds);
	if (!file_write("/sys/power/pm_test", "freezer")) {
		operation_refused("/sys/power/pm_test");
		return;
	}
	if (!file_write(DELAY, text)) {
		operation_refused(DELAY);
		return;
	}
	machine_watchdog();
	if (!file_write("/sys/power/state", "freeze"))
		operation_refused("/sys/power/state");
	machine_watchdog();
	if (!file_write("/sys/power/pm_test", "none"))
		fail_errno("suspend", "/sys/power/pm_test");
}
