// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instrument "counts", a TCG plugin of QEMU: how often each instruction of the guest's BPF programs was executed, and
 * which way its conditional jumps went. The guest cannot feel it: under the virtual clock time is the number of
 * instructions, and what a plugin does between them is none.
 *
 * Arguments: out=PATH gets the counts; from=ADDRESS and to=ADDRESS, in hex, are where the guest's kernel has BPF programs
 * (without modules nothing else is there).
 *
 * The file is a head and parts: each is a u64 kind, a u64 of how many bytes follow, and these.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "insn.h"

#define HEAD "ktstr-counts-1\n"
#define MOST_CPUS 4096
#define MOST_OPEN 4 /* jumps of one CPU: an interrupt may come before where one of them goes is seen */

enum part { PART_INSNS = 2 };

static struct {
	FILE *file;
	uint64_t from, to;
	bool failed;
	/* The last conditional jumps of each CPU whose next instruction has not been seen, the newest last. */
	struct {
		struct insn *jumps[MOST_OPEN];
		unsigned int count;
	} open[MOST_CPUS];
} counts;

static void warn(const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "ktstr: instrument counts: %s\n", what);
	fputs(text, stderr);
	counts.failed = true;
}

static void put(const void *data, size_t size)
{
	if (fwrite(data, 1, size, counts.file) != size && !counts.failed)
		warn(strerror(errno));
}

static void put_head(enum part part, uint64_t size)
{
	uint64_t head[2] = { part, size };

	put(head, sizeof(head));
}

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

static void on_insn(unsigned int cpu, void *data)
{
	struct insn *insn = data;

	insn->count++;
	if (cpu >= MOST_CPUS)
		return;
	if (counts.open[cpu].count)
		close_jump(cpu, insn);
	if (insn->is_branch)
		open_jump(cpu, insn);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t total = qemu_plugin_tb_n_insns(block);

	(void)id;
	for (size_t i = 0; i < total; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		uint8_t bytes[INSN_BYTES];
		struct insn *counted;
		size_t size;

		if (address < counts.from || address >= counts.to)
			continue;
		size = insn_bytes(insn, bytes, sizeof(bytes));
		counted = insn_at(address, bytes, size);
		if (counted)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS, counted);
		else if (!counts.failed)
			warn("no memory for the counts");
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	put_head(PART_INSNS, insn_total() * sizeof(struct insn));
	for (size_t i = 0; i < insn_total(); i++)
		put(insn_number(i), sizeof(struct insn));
	if (fclose(counts.file) && !counts.failed)
		warn(strerror(errno));
}

/* The value of argument `name` if `argument` is that one, else NULL. */
static const char *value_of(const char *argument, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(argument, name, length) && argument[length] == '=' ? argument + length + 1 : NULL;
}

/* QEMU calls it when it has loaded the plugin; anything but 0 ends QEMU. */
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *path = NULL, *value;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if ((value = value_of(argv[i], "out")))
			path = value;
		else if ((value = value_of(argv[i], "from")))
			counts.from = strtoull(value, NULL, 16);
		else if ((value = value_of(argv[i], "to")))
			counts.to = strtoull(value, NULL, 16);
		else
			return -1;
	}
	counts.file = path ? fopen(path, "wb") : NULL;
	if (!counts.file) {
		warn(path ? strerror(errno) : "out= is not given");
		return -1;
	}
	put(HEAD, strlen(HEAD));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
