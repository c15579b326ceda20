// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instrument "timeline", a TCG plugin of QEMU: which task runs on which CPU from when on, who is woken, and the calls of
 * the scheduler's callbacks with their instructions. The guest cannot feel it: nothing is asked in it, functions of its
 * kernel are seen when they begin, and tasks are read in its memory.
 *
 * Arguments: out=PATH gets what happened (out.h, moments.h); from=, to= and layout= are as for the instrument "counts";
 * hooks=TEXT says where the kernel switches and wakes tasks, and where they have their names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "clock.h"
#include "cpu.h"
#include "insn.h"
#include "moments.h"
#include "out.h"
#include "owner.h"
#include "registers.h"

#define MOST_DEEP 64

/*
 * In the order in which the argument has them: addresses of functions, offsets in struct task_struct, and where the kernel
 * has what CLOCK_MONOTONIC is made of.
 */
static struct {
	uint64_t switch_to;	   /* __switch_to(prev, next) */
	uint64_t try_to_wake_up;   /* (task, state, flags) */
	uint64_t wake_up_new_task; /* (task) */
	uint64_t pid, comm, state;
	uint64_t clock; /* tk_fast_mono, of kernel/time/timekeeping.c */
	uint64_t clock_base; /* of its struct tk_read_base in struct tk_fast, and then in the first of those */
	uint64_t cycle_last, shift, nsec, base;
} hooks;

struct frame {
	const struct owner *of;
	uint64_t began_ns;
	uint64_t insns;
};

static struct {
	uint64_t from, to;
	struct {
		struct frame frames[MOST_DEEP];
		unsigned int depth;
	} stacks[MOST_CPUS];
} timeline;

/* The number of the CPU that executes, which is the guest kernel's, too. */
static uint32_t cpu_here(void)
{
	unsigned int cpu = cpu_guest_number();

	if (cpu < MOST_CPUS)
		return cpu;
	out_failed("a CPU has no number");
	return 0;
}

static bool task_read(uint64_t task, uint64_t offset, void *data, size_t size)
{
	return task && !cpu_memory_rw_debug(current_cpu, task + offset, data, size, false);
}

static bool clock_read(uint64_t offset, void *data, size_t size)
{
	return !cpu_memory_rw_debug(current_cpu, hooks.clock + offset, data, size, false);
}

/*
 * Once: by how much CLOCK_MONOTONIC is ahead of the virtual clock. What the guest reads as cycles are the virtual clock's
 * nanoseconds (board's virtual_clock_kargs), so this never changes. An odd count says that a CPU is changing the first copy.
 */
static void note_clock(void)
{
	static bool noted;
	uint64_t first = hooks.clock_base, cycle_last, nsec, base;
	uint32_t changes, shift;

	if (noted || !clock_read(0, &changes, sizeof(changes)) || changes & 1)
		return;
	if (!clock_read(first + hooks.cycle_last, &cycle_last, sizeof(cycle_last)) ||
	    !clock_read(first + hooks.shift, &shift, sizeof(shift)) ||
	    !clock_read(first + hooks.nsec, &nsec, sizeof(nsec)) || !clock_read(first + hooks.base, &base, sizeof(base))) {
		out_failed("the clock cannot be read");
		return;
	}
	noted = true;
	moment_add(&(struct moment){ .ns = clock_ns(), .kind = MOMENT_CLOCK, .value = base + (nsec >> shift) - cycle_last });
}

static void on_switch(unsigned int translated_for, void *data)
{
	uint64_t before = argument_of_call(0), task = argument_of_call(1);
	struct moment moment = { .ns = clock_ns(), .kind = MOMENT_SWITCH, .cpu = cpu_here() };
	uint32_t state = 0;

	(void)translated_for;
	(void)data;
	note_clock();
	if (!task_read(task, hooks.pid, &moment.task, sizeof(moment.task)) ||
	    !task_read(task, hooks.comm, moment.comm, sizeof(moment.comm)) ||
	    !task_read(before, hooks.pid, &moment.before, sizeof(moment.before)) ||
	    !task_read(before, hooks.comm, moment.comm_before, sizeof(moment.comm_before)) ||
	    !task_read(before, hooks.state, &state, sizeof(state))) {
		out_failed("a task cannot be read");
		return;
	}
	moment.value = state;
	moment_add(&moment);
}

static void on_wake(unsigned int translated_for, void *data)
{
	uint64_t task = argument_of_call(0);
	/* Which states a task is woken from; a new one, which has a state of its own, is woken from any. */
	uint32_t from = data ? (uint32_t)argument_of_call(1) : UINT32_MAX, state = 0;
	struct moment moment = { .ns = clock_ns(), .kind = MOMENT_WAKE, .cpu = cpu_here() };

	(void)translated_for;
	if (!task_read(task, hooks.pid, &moment.task, sizeof(moment.task)) ||
	    !task_read(task, hooks.comm, moment.comm, sizeof(moment.comm)) ||
	    !task_read(task, hooks.state, &state, sizeof(state))) {
		out_failed("a task cannot be read");
		return;
	}
	if (state & from) /* else it is awake, or waits for something else */
		moment_add(&moment);
}

/* The newest call of a CPU is over; that of a function that another one of its object called is part of that. */
static void leave(uint32_t cpu)
{
	struct frame *left = &timeline.stacks[cpu].frames[--timeline.stacks[cpu].depth];
	struct frame *caller = timeline.stacks[cpu].depth ? left - 1 : NULL;
	struct moment moment = { .ns = left->began_ns, .kind = MOMENT_CALL, .cpu = cpu };

	if (caller && left->of->object && left->of->object == caller->of->object) {
		caller->insns += left->insns;
		return;
	}
	moment.before = (int32_t)left->of->number;
	moment.value = clock_ns();
	moment.insns = left->insns;
	moment_add(&moment);
}

static void on_insn(unsigned int translated_for, void *data)
{
	const struct insn *insn = data;
	uint32_t cpu = cpu_here();
	unsigned int *depth = &timeline.stacks[cpu].depth;
	struct frame *frames = timeline.stacks[cpu].frames;

	(void)translated_for;
	if (!insn->of || !insn->of->is_program)
		return;
	if (insn->address == insn->of->start) {
		if (*depth == MOST_DEEP)
			leave(cpu);
		frames[(*depth)++] = (struct frame){ .of = insn->of, .began_ns = clock_ns() };
	} else {
		/* An exception (bpf_throw) ends calls without their return. */
		while (*depth && frames[*depth - 1].of != insn->of)
			leave(cpu);
		if (!*depth)
			return;
	}
	frames[*depth - 1].insns++;
	if (insn->flow == FLOW_RETURN)
		leave(cpu);
}

static void see_bpf(struct qemu_plugin_insn *insn, uint64_t address, const struct owner *owner)
{
	uint8_t bytes[INSN_BYTES];
	size_t size = insn_bytes(insn, bytes, sizeof(bytes));
	struct insn *seen = insn_at(address, owner, bytes, size);

	if (seen)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS, seen);
	else
		out_failed("no memory for the instructions");
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t total = qemu_plugin_tb_n_insns(block);
	const struct owner *owner = NULL;

	(void)id;
	clock_block(block);
	for (size_t i = 0; i < total; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		if (address >= timeline.from && address < timeline.to) {
			/* A block is straight: it does not leave the function it is in. */
			if (!owner)
				owner = owner_of(address);
			see_bpf(insn, address, owner);
		} else if (address == hooks.switch_to) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_switch, QEMU_PLUGIN_CB_R_REGS, NULL);
		} else if (address == hooks.try_to_wake_up || address == hooks.wake_up_new_task) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_wake, QEMU_PLUGIN_CB_R_REGS,
							       address == hooks.try_to_wake_up ? &hooks : NULL);
		}
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	moments_write();
	out_close();
}

/* QEMU calls it when it has loaded the plugin; anything but 0 ends QEMU. */
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct args args = { .layout = "" };
	const char *where = "", *value;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (args_take(&args, argv[i]))
			continue;
		if ((value = value_of(argv[i], "hooks")))
			where = value;
		else
			return -1;
	}
	if (!owner_layout(args.layout) || !numbers_read(where, (uint64_t *)&hooks, sizeof(hooks) / sizeof(uint64_t))) {
		out_failed("layout= or hooks= is missing or no list of numbers");
		return -1;
	}
	if (!args.out || !out_open(args.out, "timeline", "ktstr-counts-2\n")) {
		out_failed(args.out ? strerror(errno) : "out= is not given");
		return -1;
	}
	timeline.from = args.from;
	timeline.to = args.to;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
