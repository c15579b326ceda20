// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend, as far as a guest can: with the device by which user space hibernates (kernel/power/user.c). Opening it calls
 * the notifiers by which sched_ext bypasses its scheduler, as every suspend does, and an ioctl freezes all tasks but the
 * caller. The devices stay: nothing in the guest could wake it.
 */
#include "suspend.h"

#include <ktstr/operation.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/suspend_ioctls.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"
#include "machine.h"

#define DEVICE "/dev/snapshot"
#define LOOK_NS NSEC_PER_SEC

/* Nobody waits for a CPU meanwhile. To be ended before a worker can run: what it then sees must be excused already. */
static void excuse_workers(bool frozen)
{
	static bool excused[KTSTR_MAX_WORKERS];

	for (unsigned int i = 0; i < agent.workers.count; i++) {
		struct worker *worker = &agent.workers.all[i];

		if (frozen) {
			/* One that the scenario has stopped before stays so. */
			excused[i] = worker->pid && !worker->stopped_at_ns;
			if (excused[i])
				worker_stopped(worker);
		} else if (excused[i]) {
			worker_continues(worker);
		}
	}
}

void suspend_for(uint64_t ns)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	uint64_t end;

	if (fd < 0) {
		operation_refused(DEVICE);
		return;
	}
	machine_watchdog();
	if (ioctl(fd, SNAPSHOT_FREEZE)) {
		operation_refused("SNAPSHOT_FREEZE");
		close(fd);
		return;
	}
	excuse_workers(true);
	end = now_ns() + ns;
	for (uint64_t now = now_ns(); now < end; now = now_ns()) {
		sleep_until(now + LOOK_NS < end ? now + LOOK_NS : end);
		machine_watchdog();
	}
	excuse_workers(false);
	if (ioctl(fd, SNAPSHOT_UNFREEZE))
		fail_errno("suspend", "SNAPSHOT_UNFREEZE");
	/* Only the last close ends the bypass. */
	if (close(fd))
		fail_errno("suspend", "closing " DEVICE);
}
