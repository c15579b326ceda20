"""The instructions of x86-64 code as texts that can be compared: without addresses that a run's memory chose.

An instruction's text is its bytes in hex. A jump has the number of instructions that it goes, a call where it goes if
that is the kernel's own code, which lies where it lies; an address of data or of BPF code is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from ktstr.base.machine import machine_of_host
from ktstr.instrument.jumps_x86_64 import instructions

__all__ = ["insn_texts"]

_USER_END = 0xFFFF800000000000  # a constant from here on is an address of the kernel's
_MASK = (1 << 64) - 1


def insn_texts(code: bytes, start: int) -> Iterator[tuple[int, str]]:
    """The offset of each instruction in `code`, which is at address `start`, and its text; what cannot be decoded is
    one instruction, by its length."""
    decoded = list(instructions(code))
    offsets = [at for at, _, _ in decoded]
    for number, (at, size, is_jump) in enumerate(decoded):
        insn = code[at : at + size]
        target = _target(insn, start + at, is_jump)
        if target is None:
            yield at, _without_address(insn)
        elif start <= target <= start + len(code):
            # By instructions and not by bytes: how long a jump is depends on how far it goes.
            distance = bisect_left(offsets, target - start) - number
            yield at, f"{_jump(insn)}{distance:+d}"
        else:
            yield at, f"{_jump(insn)}:{'bpf' if _is_bpf(target) else f'{target:x}'}"
    if (end := offsets[-1] + decoded[-1][1] if decoded else 0) < len(code):
        yield end, f"?{len(code) - end}"


def _target(insn: bytes, address: int, is_jump: bool) -> int | None:
    """Where a jump or call goes; None for another instruction."""
    if is_jump or insn[0] == 0xEB:
        distance = int.from_bytes(insn[2 if insn[0] == 0x0F else 1 :], "little", signed=True)
    elif len(insn) == 5 and insn[0] in (0xE8, 0xE9):
        distance = int.from_bytes(insn[1:], "little", signed=True)
    else:
        return None
    return (address + len(insn) + distance) & _MASK


def _jump(insn: bytes) -> str:
    """The kind of a jump or call; a jump's two lengths are one kind."""
    if insn[0] == 0xE8:
        return "call"
    if insn[0] == 0x0F:
        return f"j{insn[1] & 15:x}"
    return f"j{insn[0] & 15:x}" if insn[0] & 0xF0 == 0x70 else "jmp"


def _without_address(insn: bytes) -> str:
    """The instruction's bytes, but for an immediate that is an address of the kernel's data or of BPF code."""
    wide = insn[0] & 0xF8 == 0x48  # REX.W
    if wide and len(insn) == 10 and int.from_bytes(insn[2:], "little") >= _USER_END:
        return f"{insn[:2].hex()}*"
    if wide and len(insn) == 7 and insn[1] == 0xC7:  # sign-extended
        value = int.from_bytes(insn[3:], "little", signed=True) & _MASK
        if _is_bpf(value):
            return f"{insn[:3].hex()}*"
    return insn.hex()


def _is_bpf(address: int) -> bool:
    first, last = machine_of_host().bpf_code
    return first <= address < last
