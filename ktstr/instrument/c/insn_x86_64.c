// SPDX-License-Identifier: GPL-2.0-only
/* What has to be known of x86-64's instructions. */
#include <string.h>

#include "insn.h"

bool insn_is_branch(uint64_t address, const uint8_t *bytes, size_t size, uint64_t *target)
{
	int32_t far;

	if (size == 2 && (bytes[0] & 0xf0) == 0x70) { /* jcc rel8 */
		*target = address + size + (uint64_t)(int64_t)(int8_t)bytes[1];
		return true;
	}
	if (size == 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80) { /* jcc rel32 */
		memcpy(&far, bytes + 2, sizeof(far));
		*target = address + size + (uint64_t)(int64_t)far;
		return true;
	}
	return false;
}
