// SPDX-License-Identifier: GPL-2.0-only
/* What has to be known of x86-64's instructions, as the kernel's compiler of BPF makes them. */
#include <string.h>

#include "insn.h"

static uint64_t near(const struct insn *insn, uint8_t distance)
{
	return insn->address + insn->size + (uint64_t)(int64_t)(int8_t)distance;
}

static uint64_t far(const struct insn *insn, const uint8_t *at)
{
	int32_t distance;

	memcpy(&distance, at, sizeof(distance));
	return insn->address + insn->size + (uint64_t)(int64_t)distance;
}

void insn_read(struct insn *insn, const uint8_t *bytes)
{
	uint64_t target;

	if (insn->size == 2 && (bytes[0] & 0xf0) == 0x70) { /* jcc rel8 */
		insn->flow = FLOW_BRANCH;
		insn->target = near(insn, bytes[1]);
	} else if (insn->size == 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80) { /* jcc rel32 */
		insn->flow = FLOW_BRANCH;
		insn->target = far(insn, bytes + 2);
	} else if (insn->size == 5 && bytes[0] == 0xe8) { /* call rel32 */
		insn->flow = FLOW_CALL;
	} else if (insn->size == 1 && bytes[0] == 0xc3) { /* ret */
		insn->flow = FLOW_RETURN;
	} else if (insn->size == 5 && bytes[0] == 0xe9 && insn->of) { /* jmp rel32 */
		/* Against Spectre the kernel returns by a jump to its own code; no other jump leaves the function it is in. */
		target = far(insn, bytes + 1);
		if (target < insn->of->start || target >= insn->of->end)
			insn->flow = FLOW_RETURN;
	}
}
