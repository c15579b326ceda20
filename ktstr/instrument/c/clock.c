// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"

#include <string.h>

#include "clock_insn.h"

static struct {
	void *cpu; /* whose turn it is */
	uint64_t insns; /* how many were executed, up to the end of the block that is */
	uint64_t seen_at, seen_ns; /* of them when the clock was looked at last, and what it showed */
	uint64_t last_ns;
	bool look; /* at what the clock shows: the guest has read it since */
} now;

/*
 * What QEMU's clock showed when QEMU looked at it last. With a CPU that executes it would look again, which it may not;
 * without one it takes what it has.
 */
static uint64_t shown_ns(void)
{
	void *cpu = current_cpu;
	int64_t ns;

	current_cpu = NULL;
	ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	current_cpu = cpu;
	return (uint64_t)ns;
}

static void look(uint64_t at)
{
	now.seen_at = at;
	now.seen_ns = shown_ns();
	now.look = false;
}

static void on_block_executed(unsigned int translated_for, void *data)
{
	uint64_t insns = (uintptr_t)data;

	(void)translated_for;
	if (now.look)
		look(now.seen_at);
	if (current_cpu != now.cpu) {
		now.cpu = current_cpu;
		look(now.insns);
	}
	now.insns += insns;
}

/* The guest is about to read the clock, with the last instruction of a block, and QEMU to look at it for that. */
static void on_clock_read(unsigned int translated_for, void *data)
{
	(void)translated_for;
	(void)data;
	now.seen_at = now.insns;
	now.look = true;
}

void clock_block(struct qemu_plugin_tb *block)
{
	size_t total = qemu_plugin_tb_n_insns(block);

	for (size_t i = 0; i < total; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint8_t bytes[4] = { 0 };

		if (reads_clock(bytes, insn_bytes(insn, bytes, sizeof(bytes))))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_clock_read, QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(block, on_block_executed, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)total);
}

uint64_t clock_ns(void)
{
	uint64_t shown = shown_ns(), ns;

	if (now.look)
		return now.last_ns; /* within the block that reads the clock */
	ns = now.seen_ns + (uint64_t)icount_to_ns((int64_t)(now.insns - now.seen_at));
	if (ns < shown)
		ns = shown;
	if (ns > now.last_ns)
		now.last_ns = ns;
	return now.last_ns;
}
