"""The instructions of x86-64 code as the kernel's compiler of BPF makes it: conditional jumps, and loaded addresses.

Only the lengths of instructions are decoded. Intel's manual, volume 2, has the format (chapter 2) and the opcodes
(appendix A).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["conditional_jumps", "instructions", "loaded_addresses"]

_PREFIXES = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0xF0, 0xF2, 0xF3))
_ESCAPE, _VEX_2, _VEX_3 = 0x0F, 0xC5, 0xC4
# Opcodes of one byte: which have a ModRM byte, and how many bytes of an immediate others have.
_MODRM = frozenset(
    (
        *(op for op in range(0x40) if op & 7 < 4),
        *(0x63, 0x69, 0x6B, *range(0x80, 0x90), 0xC0, 0xC1, 0xC6, 0xC7, *range(0xD0, 0xD4)),
        *(0xF6, 0xF7, 0xFE, 0xFF),
    )
)
_IMMEDIATES = {
    **{op: 1 if op & 7 == 4 else 4 for op in range(0x40) if op & 7 in (4, 5)},
    **dict.fromkeys((0x6A, 0x6B, 0x80, 0x83, 0xA8, 0xC0, 0xC1, 0xC6, 0xCD, 0xE3, 0xEB), 1),
    **dict.fromkeys((0x68, 0x69, 0x81, 0xA9, 0xC7, 0xE8, 0xE9), 4),
    **dict.fromkeys(range(0x70, 0x80), 1),
    **dict.fromkeys(range(0xB0, 0xB8), 1),
    **dict.fromkeys(range(0xB8, 0xC0), 4),
    0xC2: 2,
}
_PLAIN = frozenset((*range(0x50, 0x60), *range(0x90, 0x9A), 0xC3, 0xC9, 0xCC, 0xF4))
# Opcodes after the escape without a ModRM byte: syscall, ud2, rdtsc, cpuid, and bswap.
_PLAIN_ESCAPED = frozenset((0x05, 0x0B, 0x31, 0xA2, *range(0xC8, 0xD0)))
_IMMEDIATE_ESCAPED = frozenset((0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6))


def conditional_jumps(code: bytes) -> Iterator[int]:
    """The offset of each, executed or not, up to the first instruction that is not known."""
    return (at for at, _, is_jump in instructions(code) if is_jump)


def loaded_addresses(code: bytes) -> Iterator[tuple[int, int]]:
    """Each number of 64 bits that is loaded, after the instruction's offset: of maps and globals the addresses."""
    for at, size, _ in instructions(code):
        if size == _LOAD.size and code[at] in (0x48, 0x49) and 0xB8 <= code[at + 1] < 0xC0:
            yield at, _LOAD.unpack_from(code, at)[2]


_LOAD = struct.Struct("<BBQ")  # REX, the opcode, the number


def instructions(code: bytes) -> Iterator[tuple[int, int, bool]]:
    """The offset of each instruction, its length, and whether it is a conditional jump, up to the first that is not
    known."""
    at = 0
    while at < len(code):
        try:
            size, is_jump = _decoded(code, at)
        except IndexError:  # it is cut off
            return
        if not size:
            return
        yield at, size, is_jump
        at += size


def _decoded(code: bytes, start: int) -> tuple[int, bool]:
    """The length of the instruction, 0 if it is not known, and whether it is a conditional jump."""
    at, wide, short = start, False, False
    while code[at] in _PREFIXES:
        short = short or code[at] == 0x66
        at += 1
    if code[at] & 0xF0 == 0x40:  # REX
        wide = bool(code[at] & 8)
        at += 1
    op = code[at]
    at += 1
    if op in (_VEX_2, _VEX_3):
        map_3 = op == _VEX_3 and code[at] & 0x1F == 3
        at = _after_modrm(code, at + (3 if op == _VEX_3 else 2))
        return at + map_3 - start, False
    if op == _ESCAPE:
        return _escaped(code, at, start)
    if op not in _MODRM and op not in _IMMEDIATES and op not in _PLAIN:
        return 0, False
    immediate = _IMMEDIATES.get(op, 0)
    if op in (0xF6, 0xF7) and code[at] & 0x38 < 0x10:  # test, the only ones of this group with an immediate
        immediate = 1 if op == 0xF6 else 4
    if immediate == 4 and short and op not in (0xE8, 0xE9):
        immediate = 2
    if wide and 0xB8 <= op < 0xC0:
        immediate = 8
    if op in _MODRM:
        at = _after_modrm(code, at)
    return at + immediate - start, 0x70 <= op < 0x80


def _escaped(code: bytes, at: int, start: int) -> tuple[int, bool]:
    op = code[at]
    at += 1
    if 0x80 <= op < 0x90:
        return at + 4 - start, True
    if op in _PLAIN_ESCAPED:
        return at - start, False
    if op in (0x38, 0x3A):
        return _after_modrm(code, at + 1) + (op == 0x3A) - start, False
    return _after_modrm(code, at) + (op in _IMMEDIATE_ESCAPED) - start, False


def _after_modrm(code: bytes, at: int) -> int:
    """The end of the ModRM byte at `at`, and of the address that it begins."""
    mode, base = code[at] >> 6, code[at] & 7
    at += 1
    if mode == 3:
        return at
    if base == 4:  # SIB
        base = code[at] & 7
        at += 1
    if mode == 0:
        return at + 4 * (base == 5)
    return at + (1 if mode == 1 else 4)
