/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest time while the guest executes. QEMU knows its virtual clock only where it may look: when a CPU begins its turn, and
 * at instructions that read the clock; anywhere else asking for it ends QEMU ("Bad icount read"). In between it is counted
 * here: under icount each instruction takes equally long.
 */
#ifndef KTSTR_PLUGIN_CLOCK_H
#define KTSTR_PLUGIN_CLOCK_H

#include "api.h"

/* Follows the clock through a block that is translated, of which no instruction is passed over. */
void clock_block(struct qemu_plugin_tb *block);

/* Nanoseconds of the virtual clock, never less than before. */
uint64_t clock_ns(void);

#endif
