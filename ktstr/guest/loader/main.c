// SPDX-License-Identifier: GPL-2.0-only
/*
 * loader <object.bpf.o> [--check] [--each folder] [--rodata name=value]...
 *
 * Loads a BPF object, attaches its struct_ops (a sched_ext scheduler), says `attached <name>` on stdout, and waits
 * for SIGTERM, SIGINT or the scheduler's own end. With --check it only opens the object and applies the values,
 * which needs no privilege; with --each it loads the programs one by one, of any type, and pins them in a folder. The exit statuses are in loader.h.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loader.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static int usage(const char *what, const char *argument)
{
	say("%s%s; usage: loader <object.bpf.o> [--check] [--each folder] [--rodata name=value]...", what, argument);
	return -1;
}

static int parse_arguments(char **argv, struct request *request)
{
	char **kept = argv;

	request->rodata = argv;
	for (char **arg = argv + 1; *arg; arg++) {
		if (!strcmp(*arg, "--check")) {
			request->check = true;
		} else if (!strcmp(*arg, "--each")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			request->each = *++arg;
		} else if (!strcmp(*arg, "--rodata")) {
			if (!arg[1])
				return usage("nothing follows ", *arg);
			*kept++ = *++arg;
		} else if (**arg == '-' || request->object) {
			return usage("not an argument: ", *arg);
		} else {
			request->object = *arg;
		}
	}
	*kept = NULL;
	return request->object ? 0 : usage("no object", "");
}

/* Opens the object and applies the values. NULL where either is not acceptable, having said so. */
struct bpf_object *object_open(const struct request *request)
{
	struct bpf_object *object = bpf_object__open_file(request->object, NULL);

	if (!object) {
		say("%s: not a BPF object that can be opened: %s", request->object, strerror(errno));
		return NULL;
	}
	if (!request->each && !scheduler_has_struct_ops(object)) {
		say("%s: has no struct_ops map, so it is not a scheduler", request->object);
		goto refuse;
	}
	if (!request->check && cpus_set(object))
		goto refuse;
	for (char **assignment = request->rodata; *assignment; assignment++)
		if (rodata_set(object, *assignment))
			goto refuse;
	return object;

refuse:
	bpf_object__close(object);
	return NULL;
}

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
 * The stop must be heard, and the exit reported, under a scheduler that runs nobody: a real-time task is not
 * its to schedule. The loader sleeps, so it takes nothing from the scheduler's tasks either.
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
	if (argc < 1 || parse_arguments(argv, &request))
		return UNUSABLE;
	/* Before anything is attached, so that no moment is left at which a stop would end us without a report. */
	block_stop_signals();
	if (request.each)
		return each_load(&request);
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
	leave_scheduler_class();
	scheduler = scheduler_attach(object);
	status = scheduler ? scheduler_wait(scheduler) : REFUSED;
	bpf_object__close(object);
	return status;
}
