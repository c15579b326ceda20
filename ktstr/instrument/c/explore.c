// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plugin "explore": it has CPUs of the guest stand still in the scheduler's code, where a file says, and reports
 * where they did and what was executed. The guest feels it: another file makes another run, and the same file the same.
 *
 * Arguments: in=PATH says where CPUs stand still (choice.h), out=PATH gets the report (out.h), shift=N is icount's; from=,
 * to= and layout= are as for the instrument "counts".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "block.h"
#include "choice.h"
#include "cpu.h"
#include "insn.h"
#include "meanwhile.h"
#include "news.h"
#include "out.h"
#include "still.h"

#define STRUCT_OPS 27 /* BPF_PROG_TYPE_STRUCT_OPS: a scheduler's callbacks, with what these call */
/* Entries of blocks after which it is counted anew how rare a block is: some guest ms of a busy scheduler. */
#define EPOCH 1024

static struct {
	uint64_t from, to;
	uint64_t entered; /* blocks, by all CPUs together */
	const struct piece *last[MOST_CPUS];
} explore;

static void on_piece(unsigned int translated_for, void *data)
{
	const struct piece *piece = data, *last;
	unsigned int cpu = still_cpu();
	uint32_t often;
	struct stop stop;

	(void)translated_for;
	if (cpu >= still_cpus())
		return;
	last = explore.last[cpu];
	explore.last[cpu] = piece;
	still_enter(cpu, piece->block);
	if (last && last->goes_on && last->end == piece->block->address)
		return;
	if (last)
		last->block->next = piece->block;
	often = block_enter(piece->block, ++explore.entered / EPOCH);
	news_enter(cpu, piece->block, still_cpus());
	meanwhile_enter(cpu, piece->block);
	if (still_is(cpu) || !choice_at(explore.entered, cpu, piece->block, often, &stop))
		return;
	/* A point of any block is told as one of its own: that is found again in a run with other stops before it. */
	stop.block = piece->block->hash;
	stop.entry = piece->block->count;
	stop.index = explore.entered;
	still_begin(cpu, &stop);
}

static void on_return(unsigned int translated_for, void *data)
{
	unsigned int cpu = still_cpu();

	(void)translated_for;
	(void)data;
	if (cpu < still_cpus())
		news_return(cpu);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t total = qemu_plugin_tb_n_insns(block);
	uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0));
	const struct owner *owner;
	struct qemu_plugin_insn *end;
	struct piece *piece;
	struct insn last = { 0 };
	uint8_t bytes[INSN_BYTES];

	(void)id;
	if (address < explore.from || address >= explore.to)
		return;
	owner = owner_of(address);
	if (!owner || owner_type(owner) != STRUCT_OPS)
		return;
	end = qemu_plugin_tb_get_insn(block, total - 1);
	last.address = qemu_plugin_insn_vaddr(end);
	last.size = (uint8_t)insn_bytes(end, bytes, sizeof(bytes));
	last.of = owner;
	insn_read(&last, bytes);
	piece = piece_at(address, last.address + last.size, owner, last.flow == FLOW_ON);
	if (!piece) {
		out_failed("no memory for the blocks");
		return;
	}
	for (size_t i = 0; i < total; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		size_t size = insn_bytes(insn, bytes, sizeof(bytes));

		if (!insn_touches(bytes, size))
			continue;
		block_touches(piece->block, i);
		block_touches(piece->block, i + 1);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(block, on_piece, QEMU_PLUGIN_CB_NO_REGS, piece);
	if (last.flow == FLOW_RETURN)
		qemu_plugin_register_vcpu_insn_exec_cb(end, on_return, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	still_write();
	block_write();
	news_write();
	meanwhile_write();
	out_close();
}

/* QEMU calls it when it has loaded the plugin; anything but 0 ends QEMU. */
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	struct args args = { .layout = "" };
	const char *choices = NULL, *value, *wrong;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (args_take(&args, argv[i]))
			continue;
		if ((value = value_of(argv[i], "in")))
			choices = value;
		else if ((value = value_of(argv[i], "shift")))
			still_init((unsigned int)strtoul(value, NULL, 10));
		else
			return -1;
	}
	if (!args.out || !out_open(args.out, "explore", "ktstr-explore-1\n")) {
		out_failed(args.out ? strerror(errno) : "out= is not given");
		return -1;
	}
	if (!owner_layout(args.layout)) {
		out_failed("layout= is missing or no list of numbers");
		return -1;
	}
	wrong = choices ? choice_read(choices) : "in= is not given";
	if (wrong) {
		out_failed(wrong);
		return -1;
	}
	explore.from = args.from;
	explore.to = args.to;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
