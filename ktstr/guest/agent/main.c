// SPDX-License-Identifier: GPL-2.0-only
/* The agent: the guest's init. Carries out the plan's lines in order, then ends the machine. */
#include "agent.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS (50 * NSEC_PER_MSEC)	 /* how often a hold looks at the scheduler */
#define GOODBYE_NS (2 * NSEC_PER_SEC)	 /* what a scheduler that is out gets to say why */
#define KEEP_GRID_NS (100 * NSEC_PER_MSEC) /* a guest is kept at a multiple of this guest time */
#define HOLD_GRID_NS (10 * NSEC_PER_MSEC)  /* a hold begins at a multiple of this guest time */

static struct {
	struct scheduler scheduler;
	struct workers workers;
} agent;

void reap_any(struct scheduler *scheduler, struct workers *workers)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == scheduler->pid)
			scheduler_reaped(scheduler, status);
		else
			workers_reaped(workers, pid, status);
	}
}

static void hold(uint64_t ns)
{
	uint64_t start, end, next;

	perturb_prepare(agent.workers.gate);
	/*
	 * At a moment that does not tell how long the plan was: with a perturbation less, all else stays as it was. The
	 * perturber's processes know it beforehand, so that they sleep by then and do not preempt anyone as it comes.
	 */
	start = (now_ns() / HOLD_GRID_NS + 2) * HOLD_GRID_NS;
	perturb_go(start);
	sleep_until(start);
	start = workers_release(&agent.workers);
	end = start + ns;
	for (next = start; next < end;) {
		next = start + write_before((next + TICK_NS < end ? next + TICK_NS : end) - start);
		sleep_until(next);
		write_due(next - start);
		port_watchdog();
		scheduler_watch(&agent.scheduler);
		reap_any(&agent.scheduler, &agent.workers);
		if (agent.scheduler.declared && !scheduler_enabled()) {
			agent.scheduler.lost = true;
			break;
		}
	}
	recorder_stop();
	emit_begin("hold");
	emit_u64("asked_ns", ns);
	emit_u64("held_ns", now_ns() - start);
	emit_end();
	workers_report(&agent.workers);
	trace_stop();
	perturb_stop();
	if (!agent.scheduler.declared)
		return;
	scheduler_state(&agent.scheduler, "held");
	/* A scheduler that was ejected usually prints the reason and leaves; that is worth a moment. */
	for (start = now_ns(); agent.scheduler.lost && agent.scheduler.pid && now_ns() - start < GOODBYE_NS;) {
		sleep_until(now_ns() + TICK_NS);
		scheduler_watch(&agent.scheduler);
		reap_any(&agent.scheduler, &agent.workers);
	}
	if (agent.scheduler.lost)
		recorder_emit();
}

static void write_sysctl(const char *name, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!file_write(path, value))
		fail_errno("sysctl", name);
}

/* Carries out one line; false when the scheduler is out, or was not written to, so that the rest would measure nothing. */
static bool carry_out(struct plan_line *line)
{
	const char *verb = line->token[0];
	unsigned int arguments = line->count - 1;

	if (!strcmp(verb, "seed") && arguments == 1) {
		seed_set(plan_u64(line, 1));
	} else if (!strcmp(verb, "trace") && !arguments) {
		trace_start();
	} else if (!strcmp(verb, "recorder") && !arguments) {
		recorder_start();
	} else if (!strcmp(verb, "perturber") && !arguments) {
		perturb_enable();
	} else if (!strcmp(verb, "perturb") && arguments == 3) {
		perturb_add((unsigned int)plan_u64(line, 1), plan_u64(line, 2), plan_u64(line, 3));
	} else if (!strcmp(verb, "pace") && arguments == 2) {
		port_pace((unsigned int)plan_u64(line, 1), (unsigned int)plan_u64(line, 2));
	} else if (!strcmp(verb, "sysctl") && arguments == 2) {
		write_sysctl(line->token[1], line->token[2]);
	} else if (!strcmp(verb, "watchdog") && arguments == 1) {
		watchdog_set((uint32_t)plan_u64(line, 1));
	} else if (!strcmp(verb, "scheduler") && arguments >= 2) {
		scheduler_start(&agent.scheduler, &line->token[2], plan_u64(line, 1));
		if (!agent.scheduler.lost)
			dump_hold();
		return !agent.scheduler.lost;
	} else if (!strcmp(verb, "write") && arguments == 4) {
		return write_add(line);
	} else if (!strcmp(verb, "cgroup") && arguments == 2) {
		cgroup_add(line->token[1], line->token[2]);
	} else if (!strcmp(verb, "spawn") && arguments >= 3) {
		struct work work = work_parse(line, 3);

		workers_spawn(&agent.workers, line->token[1], (unsigned int)plan_u64(line, 2), &work);
	} else if (!strcmp(verb, "dump") && !arguments) {
		dump_emit("asked");
	} else if (!strcmp(verb, "hold") && arguments == 1) {
		hold(plan_u64(line, 1));
		dump_exit(&agent.scheduler);
		return !agent.scheduler.lost;
	} else if (!strcmp(verb, "shell") && arguments >= 5) {
		shell_run(line);
	} else if (!verify_carries_out(&agent.scheduler, &agent.workers, line)) {
		fail("plan: no such operation", verb);
	}
	return true;
}

/* Ahead of everything the guest runs, on the CPU that scenarios leave free where there are enough. */
static void take_place(void)
{
	struct sched_param priority = { .sched_priority = 50 };
	cpu_set_t *last = CPU_ALLOC(MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(MAX_CPUS);

	CPU_ZERO_S(size, last);
	CPU_SET_S(system_cpus() - 1, size, last);
	if (sched_setaffinity(0, size, last) || sched_setscheduler(0, SCHED_FIFO, &priority))
		fail_errno("agent", "scheduling class");
	CPU_FREE(last);
	if (mlockall(MCL_CURRENT))
		fail_errno("agent", "mlockall");
}

/* Has the host keep the booted guest, at an instant that depends on guest time alone, and goes on in a clone of it. */
static void keep(void)
{
	sleep_until((now_ns() / KEEP_GRID_NS + 2) * KEEP_GRID_NS);
	port_keep();
	port_watchdog();
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

int main(void)
{
	struct plan_line line;
	struct plan plan;
	size_t length;
	bool go = true;

	if (getpid() != 1) {
		fputs("ktstr agent: runs as the init of a guest only\n", stderr);
		return 2;
	}
	port_open();
	system_mount();
	file_write("/proc/self/oom_score_adj", "-1000");
	take_place();
	port_watchdog();
	agent.scheduler.log = -1;
	agent.workers.gate = -1;
	system_describe();
	cgroup_setup();
	recorder_prepare();
	kmsg_prepare();
	kernel_dump_open();
	if (fw_cfg_read("opt/ktstr/keep", &length))
		keep();
	kmsg_open();
	unpack_files();
	plan.next = fw_cfg_read("opt/ktstr/plan", &length);
	if (!plan.next)
		fail("plan", "the host gave none");
	emit_begin("begin");
	emit_end();

	while (go && plan_read(&plan, &line))
		go = carry_out(&line);

	/* A scheduler that works gets to see its workers exit; what one that starves the dying has left goes after it. */
	workers_kill(&agent.workers);
	scheduler_stop(&agent.scheduler);
	if (workers_kill(&agent.workers))
		fail("worker", "could not be ended");
	kernel_dump_emit();
	kmsg_emit();
	emit_begin("end");
	emit_end();
	port_exit(EXIT_DONE);
}
