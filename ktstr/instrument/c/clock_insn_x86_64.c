// SPDX-License-Identifier: GPL-2.0-only
#include "clock_insn.h"

bool reads_clock(const uint8_t *bytes, size_t size)
{
	return (size == 2 && bytes[0] == 0x0f && bytes[1] == 0x31) || /* rdtsc */
	       (size == 3 && bytes[0] == 0x0f && bytes[1] == 0x01 && bytes[2] == 0xf9); /* rdtscp */
}
