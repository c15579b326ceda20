// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instrument "counts", a TCG plugin of QEMU: how often each instruction of the guest's BPF programs was executed,
 * which way its conditional jumps went, and how many instructions each call took. The guest cannot feel it: under the
 * virtual clock time is the number of instructions, and what a plugin does between them is none.
 *
 * Arguments: out=PATH gets the counts (out.h); from=ADDRESS and to=ADDRESS, in hex, are where the guest's kernel has BPF
 * programs (without modules nothing else is there); layout=TEXT says where the kernel has its list of them (owner.h);
 * functions=TEXT has functions of the kernel whose calls are counted, too (functions.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "calls.h"
#include "cpu.h"
#include "flags.h"
#include "functions.h"
#include "insn.h"
#include "out.h"
#include "owner.h"

#define MOST_OPEN 4 /* jumps of one CPU: an interrupt may come before where one of them goes is seen */

static struct {
	uint64_t from, to;
	/* The last conditional jumps of each CPU whose next instruction has not been seen, the newest last. */
	struct {
		struct insn *jumps[MOST_OPEN];
		unsigned int count;
	} open[MOST_CPUS];
} counts;

/* Whether `insn` is where one of the CPU's open jumps goes. */
static void close_jump(unsigned int cpu, const struct insn *insn)
{
	for (unsigned int i = counts.open[cpu].count; i-- > 0;) {
		struct insn *jump = counts.open[cpu].jumps[i];

		if (insn->address == jump->target)
			jump->jumped++;
		else if (insn->address == jump->address + jump->size)
			jump->passed++;
		else
			continue;
		/* What was opened later and is not closed now belongs to an interrupt that is over. */
		counts.open[cpu].count = i;
		return;
	}
}

static void open_jump(unsigned int cpu, struct insn *jump)
{
	if (counts.open[cpu].count == MOST_OPEN) {
		memmove(counts.open[cpu].jumps, counts.open[cpu].jumps + 1, (MOST_OPEN - 1) * sizeof(jump));
		counts.open[cpu].count--;
	}
	counts.open[cpu].jumps[counts.open[cpu].count++] = jump;
}

static void on_insn(unsigned int translated_for, void *data)
{
	struct insn *insn = data;
	unsigned int cpu = cpu_number();

	(void)translated_for;
	insn->count++;
	if (cpu >= MOST_CPUS)
		return;
	if (counts.open[cpu].count)
		close_jump(cpu, insn);
	if (insn->flow == FLOW_BRANCH)
		open_jump(cpu, insn);
	calls_step(cpu, insn);
}

static void on_program(unsigned int translated_for, void *data)
{
	const struct insn *insn = data;

	(void)translated_for;
	flags_of_call(insn->of);
}

static void on_function(unsigned int translated_for, void *data)
{
	struct function *function = data;

	(void)translated_for;
	function->count++;
}

/* A function that is called begins a block. */
static void see_function(struct qemu_plugin_tb *block)
{
	struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, 0);
	struct function *function = function_at(qemu_plugin_insn_vaddr(insn));

	if (function)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_function, QEMU_PLUGIN_CB_NO_REGS, function);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t total = qemu_plugin_tb_n_insns(block);
	const struct owner *owner = NULL;

	(void)id;
	see_function(block);
	for (size_t i = 0; i < total; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint8_t bytes[INSN_BYTES];
		struct insn *counted;
		size_t size;

		if (address < counts.from || address >= counts.to)
			continue;
		/* A block is straight: it does not leave the function it is in. */
		if (!owner)
			owner = owner_of(address);
		size = insn_bytes(insn, bytes, sizeof(bytes));
		counted = insn_at(address, owner, bytes, size);
		if (!counted) {
			out_failed("no memory for the counts");
			continue;
		}
		if (!i && owner && owner->is_program && address == owner->start)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_program, QEMU_PLUGIN_CB_R_REGS, counted);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS, counted);
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	insn_write();
	calls_write();
	functions_write();
	flags_write();
	out_close();
}

/* QEMU calls it when it has loaded the plugin; anything but 0 ends QEMU. */
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct args args = { .layout = "" };
	const char *functions = "", *value;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (args_take(&args, argv[i]))
			continue;
		if ((value = value_of(argv[i], "functions")))
			functions = value;
		else
			return -1;
	}
	if (!owner_layout(args.layout) || !functions_read(functions)) {
		out_failed("layout= is missing, or it or functions= is no list of numbers");
		return -1;
	}
	if (!args.out || !out_open(args.out, "counts", "ktstr-counts-2\n")) {
		out_failed(args.out ? strerror(errno) : "out= is not given");
		return -1;
	}
	counts.from = args.from;
	counts.to = args.to;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
