// SPDX-License-Identifier: GPL-2.0-only
/*
 * loader <object.bpf.o> [--check] [--each folder] [--ops name] [--rodata name=value]... [--set path=value]...
 *     [--run program[=number,...]]... [--then program[=number,...]]... [--program name=0|1]... [--watchdog ms]
 *
 * Loads a BPF object, attaches its struct_ops (a sched_ext scheduler), says `attached <name>` on stdout, and waits for
 * SIGTERM, SIGINT or the scheduler's own end. With --check it only opens the object and applies the values, which needs
 * no privilege. With --each it loads the programs of any type, with a verdict on each, and pins them in a folder. The
 * exit statuses are in status.h.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "enums.h"
#include "log.h"
#include "object.h"
#include "programs.h"
#include "request.h"
#include "scheduler.h"
#include "status.h"
#include "syscall.h"
#include "value.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* Says in one line why the object was not loaded. */
static void explain_refusal(struct bpf_object *object, int error)
{
	const char *reason = "", *program = log_report(object, &reason), *warning = log_first_warning();
	struct btf *btf;

	if (program) {
		say("refused by the verifier: %s: %s", program, reason);
		return;
	}
	btf = btf__load_vmlinux_btf();
	if (!btf)
		say("the kernel has no BTF (%s): %s", KERNEL_BTF, strerror(errno));
	else if (btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT) < 0)
		say("the kernel has no sched_ext (CONFIG_SCHED_CLASS_EXT)");
	else if (strstr(warning, "not found") || strstr(warning, "Cannot find"))
		say("the kernel has no such thing: %s", warning);
	else
		say("refused by the kernel: %s", warning[0] ? warning : strerror(error));
	btf__free(btf);
}

/*
 * The loader must receive the stop, and report the exit, under a scheduler that runs nobody. No sched_ext scheduler
 * schedules a real-time task. The loader sleeps, so it takes nothing from the scheduler's tasks.
 */
static void leave_scheduler_class(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		say("stays under the scheduler it loads: SCHED_FIFO: %s", strerror(errno));
}

static void block_stop_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

int main(int argc, char **argv)
{
	struct scheduler *scheduler;
	struct request request = {};
	struct bpf_object *object;
	int error, status;

	log_start();
	if (argc < 1 || request_parse(argv, &request))
		return UNUSABLE;
	/* Before anything is attached, so that a stop never ends the loader without a report. */
	block_stop_signals();
	if (request.each && !request.check)
		return programs_load(&request);
	object = object_open(&request);
	if (!object)
		return UNUSABLE;
	if (request.check) {
		bpf_object__close(object);
		return STOPPED;
	}
	if (enums_set(object) || log_collect(object)) {
		bpf_object__close(object);
		return REFUSED;
	}
	error = bpf_object__load(object);
	if (error) {
		explain_refusal(object, -error);
		bpf_object__close(object);
		return REFUSED;
	}
	for (char **assignment = request.values; *assignment; assignment++) {
		if (value_set_loaded(object, *assignment)) {
			bpf_object__close(object);
			return UNUSABLE;
		}
	}
	for (char **call = request.runs; *call; call++) {
		if (syscall_run(object, *call)) {
			bpf_object__close(object);
			return REFUSED;
		}
	}
	leave_scheduler_class();
	scheduler = scheduler_attach(object);
	for (char **call = request.then; scheduler && *call; call++)
		if (syscall_run(object, *call))
			scheduler = scheduler_abandon(scheduler);
	status = scheduler ? scheduler_wait(scheduler) : REFUSED;
	bpf_object__close(object);
	return status;
}
