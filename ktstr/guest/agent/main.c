// SPDX-License-Identifier: GPL-2.0-only
/* The agent: the guest's init. Carries out the plan's lines in order, then ends the machine. */
#include "agent.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive.h"
#include "bpf_guard.h"
#include "cgroup.h"
#include "confine.h"
#include "files.h"
#include "fw_cfg.h"
#include "hotplug.h"
#include "kernel_dump.h"
#include "kmsg.h"
#include "leftovers.h"
#include "machine.h"
#include "operations.h"
#include "payload.h"
#include "recorder.h"
#include "short_program.h"
#include "system.h"

#define KEEP_GRID_NS (100 * NSEC_PER_MSEC) /* a guest is kept at a multiple of this guest time */

#define MOST_KILLS 25 /* of 200 ms each */

/* Runs ahead of everything in the guest, on the online CPU that scenarios leave free if there are enough. */
static void take_place(void)
{
	struct sched_param priority = { .sched_priority = 50 };
	cpu_set_t *last = CPU_ALLOC(KTSTR_MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(KTSTR_MAX_CPUS);

	if (!last)
		fail_errno("agent", "memory for a set of CPUs");
	CPU_ZERO_S(size, last);
	CPU_SET_S(system_last_online(), size, last);
	if (sched_setaffinity(0, size, last) || sched_setscheduler(0, SCHED_FIFO, &priority))
		fail_errno("agent", "scheduling class");
	CPU_FREE(last);
	if (mlockall(MCL_CURRENT))
		fail_errno("agent", "mlockall");
}

/* The host keeps the booted guest here, at an instant that depends on guest time alone. What follows runs in a clone. */
static void keep(void)
{
	sleep_until((now_ns() / KEEP_GRID_NS + 2) * KEEP_GRID_NS);
	machine_keep();
	machine_watchdog();
}

static void unpack_files(void)
{
	size_t length;
	char *archive = fw_cfg_read("opt/ktstr/files", &length);

	if (!archive)
		return;
	archive_unpack(archive, length);
	fw_cfg_free(archive, length);
}

int main(int argc, char **argv)
{
	struct plan_line line;
	size_t length;
	bool go = true;

	if (short_program_wanted(argc, argv))
		return short_program(argv);
	if (getpid() != 1) {
		fputs("ktstr agent: must be the init of a guest\n", stderr);
		return 2;
	}
	machine_open();
	system_mount();
	confine_init();
	confine_helpers();
	file_write("/proc/self/oom_score_adj", "-1000");
	take_place();
	machine_watchdog();
	agent.scheduler.log = -1;
	agent.workers.gate = -1;
	system_describe();
	cgroup_setup();
	recorder_prepare();
	kmsg_prepare();
	kernel_dump_open();
	bpf_guard_set_up();
	if (fw_cfg_read("opt/ktstr/keep", &length))
		keep();
	kmsg_open();
	unpack_files();
	agent.plan.next = fw_cfg_read("opt/ktstr/plan", &length);
	if (!agent.plan.next)
		fail("plan", "the host has put no file opt/ktstr/plan into fw_cfg");
	leftovers_prepare();
	emit_begin("begin");
	emit_end();

	while (go && plan_read(&agent.plan, &line))
		go = operation_carry_out(&line);

	/* A working scheduler gets to see its workers exit. Workers that a starving one did not let die go after it. */
	payloads_end(false);
	workers_kill(&agent.workers);
	scheduler_stop(&agent.scheduler);
	payloads_end(true);
	for (int tries = 0; workers_kill(&agent.workers); tries++) {
		/* What the scheduler's program has started may hold it attached, and takes its time to end. */
		if (tries == MOST_KILLS)
			fail("worker", "could not be ended");
		kill(-1, SIGKILL);
		machine_watchdog();
	}
	hotplug_restore();
	leftovers_report();
	kernel_dump_emit();
	kmsg_emit();
	emit_begin("end");
	emit_end();
	machine_exit(MACHINE_EXIT_DONE);
}
