"""Collapsing a verifier log: loops that the verifier walked again and again are shown once.

A pure function of lines. Two lines are alike if they differ in nothing but register state, so an iteration of a loop
is like the one before. Where a block of lines follows itself, the first and the last of them stay, with a line between
that counts the others. That is done from the inside out, until nothing is left to be done, so loops in loops collapse,
and collapsing what is collapsed changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["BLOCK_LINES", "REPEATS", "collapse", "expand", "key"]

BLOCK_LINES = 5  # a shorter block costs a reader less than the line that would stand for it
REPEATS = 3
"""A block is collapsed only if it follows itself at least this many times in all."""
# How many of a line's next occurrences are tried as the block's end. More than any statement within a loop's body
# has; an inner loop's are no longer there once it is collapsed.
_CANDIDATES = 64

# Register state (print_verifier_state, kernel/bpf/log.c): after an instruction, after a jump, or by itself.
_STATE = re.compile(r"\s*(?:;\s+)?(?:frame\d+: ?)?(?:R\d+\w*=|fp-\d+\w*=).*$")
_JUMP = re.compile(r"^(from \d+ to \d+(?: \(speculative execution\))?:).*$")
_MARKER = re.compile(r"^\[\.\.\. (\d+) more like the (\d+) lines above \.\.\.\]$")


def key(line: str) -> str:
    """A line without its register state, or a count without its number."""
    if marker := _MARKER.match(line):
        return f"[... more like the {marker[2]} lines above ...]"
    if jump := _JUMP.match(line):
        return jump[1]
    return _STATE.sub("", line).rstrip()


def collapse(lines: Sequence[str]) -> list[str]:
    """`lines` with every repeated block reduced to its first round, a count, and its last round."""
    current = list(lines)
    while (shorter := _pass(current)) is not None:
        current = shorter
    return current


def expand(lines: Sequence[str]) -> list[str]:
    """The keys of what was collapsed to `lines`, each count's blocks written out as the one before the count."""
    out: list[str] = []
    starts: list[int] = []  # where in `out` each line's expansion begins
    for line in lines:
        starts.append(len(out))
        if marker := _MARKER.match(line):
            count, length = int(marker[1]), int(marker[2])
            begin = starts[-1 - length] if length < len(starts) else 0
            out += out[begin:] * count
        else:
            out.append(key(line))
    return out


def _pass(lines: list[str]) -> list[str] | None:
    """The blocks of the shortest length that repeats, collapsed; None if none does.

    Shortest first, everywhere, so that what a count refers to is never shortened afterwards.
    """
    numbers: dict[str, int] = {}
    ids = [numbers.setdefault(key(line), len(numbers)) for line in lines]
    length = _shortest(ids)
    if not length:
        return None
    out: list[str] = []
    index = 0
    while index < len(ids):
        count = _count(ids, index, length)
        if count < REPEATS:
            out.append(lines[index])
            index += 1
            continue
        end = index + count * length
        out += lines[index : index + length]
        out.append(f"[... {count - 2} more like the {length} lines above ...]")
        out += lines[end - length : end]
        index = end
    return out


def _shortest(ids: list[int]) -> int:
    """The length of the shortest block that repeats often enough anywhere, or 0."""
    following = [len(ids)] * len(ids)  # the next line like this one
    last: dict[int, int] = {}
    for index in range(len(ids) - 1, -1, -1):
        following[index] = last.get(ids[index], len(ids))
        last[ids[index]] = index
    best = 0
    for start in range(len(ids)):
        candidate = start
        for _ in range(_CANDIDATES):
            candidate = following[candidate]
            length = candidate - start
            if start + REPEATS * length > len(ids) or (best and length >= best):
                break
            if length >= BLOCK_LINES and _count(ids, start, length, REPEATS) == REPEATS:
                best = length
                break
    return best


def _count(ids: list[int], start: int, length: int, most: int = 0) -> int:
    """How often the block at `start` is repeated in a row, up to `most`."""
    block, count = ids[start : start + length], 1
    while count != most and ids[start + count * length : start + (count + 1) * length] == block:
        count += 1
    return count
