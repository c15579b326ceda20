/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_PLUGIN_CLOCK_INSN_H
#define KTSTR_PLUGIN_CLOCK_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether an instruction reads the clock, by the guest's architecture; `size` of its bytes are there. */
bool reads_clock(const uint8_t *bytes, size_t size);

#endif
