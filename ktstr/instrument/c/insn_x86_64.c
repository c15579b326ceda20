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

/* Of the instructions with an operand in memory those that the compiler of BPF makes. */
static bool has_operand(uint8_t opcode)
{
	static const uint8_t opcodes[] = { 0x01, 0x03, 0x09, 0x0b, 0x21, 0x23, 0x29, 0x2b, 0x31, 0x33, 0x38, 0x39,
					   0x3a, 0x3b, 0x63, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
					   0x8a, 0x8b, 0xc6, 0xc7, 0xf6, 0xf7 };

	return memchr(opcodes, opcode, sizeof(opcodes));
}

/* The same of those that begin with 0x0f: extending loads, compare and exchange, exchange and add. */
static bool has_operand_0f(uint8_t opcode)
{
	static const uint8_t opcodes[] = { 0xb0, 0xb1, 0xb6, 0xb7, 0xbe, 0xbf, 0xc0, 0xc1 };

	return memchr(opcodes, opcode, sizeof(opcodes));
}

bool insn_touches(const uint8_t *bytes, size_t size)
{
	static const uint8_t prefixes[] = { 0x66, 0xf0, 0xf2, 0xf3 };
	uint8_t rex = 0, how, base;
	size_t at = 0;

	while (at < size && memchr(prefixes, bytes[at], sizeof(prefixes)))
		at++;
	if (at < size && (bytes[at] & 0xf0) == 0x40)
		rex = bytes[at++];
	if (at + 2 < size && bytes[at] == 0x0f && has_operand_0f(bytes[at + 1]))
		at += 2;
	else if (at + 1 < size && has_operand(bytes[at]))
		at++;
	else
		return false;
	how = bytes[at] >> 6;
	base = bytes[at] & 7;
	if (how == 3)
		return false; /* a register */
	if (base == 4 && at + 1 < size)
		base = bytes[at + 1] & 7;
	/* rsp and rbp are the stack's; rbp needs an offset. */
	return (rex & 1) || !(base == 4 || (base == 5 && how));
}
