/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is used of QEMU's interface for TCG plugins, of QEMU 7.2 and later (QEMU's include/qemu/qemu-plugin.h, which no
 * distribution packages). Whatever differs between QEMU's versions is behind the last functions here.
 */
#ifndef KTSTR_PLUGIN_API_H
#define KTSTR_PLUGIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* Begins with these members in every version; what QEMU hands to a plugin is only looked at through a pointer. */
typedef struct {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
} qemu_info_t;

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_CB_RW_REGS };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t at);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*call)(unsigned int cpu, void *data),
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*call)(unsigned int cpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void *), void *data);

/*
 * QEMU's own, which it exports with the above: the CPU that the calling thread is at, and the memory that its page tables
 * map. The function returns 0 if all of it was read.
 */
extern __thread void *current_cpu;
int cpu_memory_rw_debug(void *cpu, uint64_t address, void *data, size_t length, bool write);

/* The CPU of that number, which is the guest kernel's number for it, too; NULL if there are not so many. */
void *qemu_get_cpu(int number);

/* Nanoseconds of a clock, and how many an instruction takes under icount, times `insns`. */
enum qemu_clock { QEMU_CLOCK_REALTIME, QEMU_CLOCK_VIRTUAL };
int64_t qemu_clock_get_ns(enum qemu_clock clock);
int64_t icount_to_ns(int64_t insns);

/* The instruction's bytes, at most `room` of them: how many there are. In api_1.c, api_2.c and api_3.c. */
size_t insn_bytes(const struct qemu_plugin_insn *insn, void *bytes, size_t room);

#endif
