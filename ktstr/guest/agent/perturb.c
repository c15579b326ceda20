// SPDX-License-Identifier: GPL-2.0-only
/*
 * The perturber: short bursts of a real-time task on chosen CPUs at chosen times, which preempt what runs there. It has a
 * process on every CPU, also on those without a burst: removing one burst must not shift anything else.
 */
#include "perturb.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/clock.h>
#include <ktstr/event.h>

#include "machine.h"
#include "system.h"
#include "trace.h"

#define PRIORITY 40 /* over the workers (10), under the agent (50) */

struct burst {
	unsigned int cpu;
	uint64_t at_ns;		/* from the start of the hold */
	uint64_t ns;		/* 0: no burst, it only keeps the plan's length */
	uint64_t began_ns;	/* when it really began; 0 if it did not */
};

static struct {
	bool on;
	unsigned int count;
	pid_t pids[KTSTR_MAX_CPUS];
	int gate, gate_read;
	struct {
		uint64_t start_ns;
		struct burst bursts[KTSTR_MAX_BURSTS];
	} *shared;
} perturber;

void perturb_enable(void)
{
	perturber.on = true;
	perturber.count = 0;
	if (perturber.shared)
		return;
	perturber.shared = mmap(NULL, sizeof(*perturber.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (perturber.shared == MAP_FAILED)
		fail_errno("perturb", "mmap");
}

bool perturb_enabled(void)
{
	return perturber.on;
}

void perturb_add(unsigned int cpu, uint64_t at_ns, uint64_t ns)
{
	if (perturber.count == KTSTR_MAX_BURSTS)
		fail_format("perturb", "a hold has at most %u bursts", KTSTR_MAX_BURSTS);
	perturber.shared->bursts[perturber.count++] = (struct burst){ .cpu = cpu, .at_ns = at_ns, .ns = ns };
}

static void perturb_cpu(unsigned int cpu)
{
	struct sched_param priority = { .sched_priority = PRIORITY };
	char name[16], byte;
	cpu_set_t *here = CPU_ALLOC(KTSTR_MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(KTSTR_MAX_CPUS);

	if (!here)
		fail_errno("perturb", "memory for a set of CPUs");
	CPU_ZERO_S(size, here);
	CPU_SET_S(cpu, size, here);
	snprintf(name, sizeof(name), "ktstr-p%u", cpu);
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (sched_setaffinity(0, size, here) || sched_setscheduler(0, SCHED_FIFO, &priority))
		fail_errno("perturb", "scheduling class");
	while (read(perturber.gate_read, &byte, 1) < 0 && errno == EINTR)
		;
	for (unsigned int i = 0; i < perturber.count; i++) {
		struct burst *burst = &perturber.shared->bursts[i];

		if (burst->cpu != cpu || !burst->ns)
			continue;
		sleep_until(perturber.shared->start_ns + burst->at_ns);
		burst->began_ns = now_ns();
		while (now_ns() - burst->began_ns < burst->ns)
			machine_relax();
	}
	for (;;)
		pause();
}

void perturb_prepare(int gate)
{
	int ends[2];

	if (!perturber.on)
		return;
	if (pipe2(ends, O_CLOEXEC))
		fail_errno("perturb", "pipe");
	perturber.gate_read = ends[0];
	perturber.gate = ends[1];
	for (unsigned int cpu = 0; cpu < system_cpus(); cpu++) {
		pid_t pid;

		perturber.pids[cpu] = 0;
		if (!system_online(cpu))
			continue;
		pid = fork();
		if (pid < 0)
			fail_errno("perturb", "fork");
		if (!pid) {
			close(perturber.gate);
			if (gate >= 0)
				close(gate);
			perturb_cpu(cpu);
		}
		perturber.pids[cpu] = pid;
	}
}

void perturb_go(uint64_t start_ns)
{
	if (!perturber.on)
		return;
	perturber.shared->start_ns = start_ns;
	close(perturber.gate);
	close(perturber.gate_read);
}

void perturb_stop(void)
{
	if (!perturber.on)
		return;
	perturber.on = false;
	for (unsigned int cpu = 0; cpu < system_cpus(); cpu++) {
		if (!perturber.pids[cpu])
			continue;
		kill(perturber.pids[cpu], SIGKILL);
		waitpid(perturber.pids[cpu], NULL, 0);
	}
	for (unsigned int i = 0; i < perturber.count; i++) {
		const struct burst *burst = &perturber.shared->bursts[i];
		const struct task_switch *in;

		if (!burst->ns)
			continue;
		emit_begin("perturbed");
		emit_u64("cpu", burst->cpu);
		emit_u64("at_ns", burst->at_ns);
		emit_u64("ns", burst->ns);
		if (burst->began_ns) {
			emit_u64("began_ns", burst->began_ns - perturber.shared->start_ns);
			in = trace_find(perturber.pids[burst->cpu], perturber.shared->start_ns + burst->at_ns);
			if (in) {
				emit_text("comm", in->prev_comm);
				emit_i64("pid", in->prev_pid);
				emit_u64("ran_ns", trace_ran_ns(in));
			}
		}
		emit_end();
	}
}
