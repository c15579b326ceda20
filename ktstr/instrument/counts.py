"""What the instrument "counts" has written: a file of parts."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.instrument.parts import HEAD, Owner, Part, ends_early, owners_and_memory, part_bytes, read_parts

__all__ = [
    "BRANCH",
    "CALL",
    "Calls",
    "Counts",
    "Edge",
    "Insn",
    "Owner",
    "read_counts",
]

_INSN = struct.Struct("<QQQQQIBB2x")
_CALLS = struct.Struct("<I4xQQ")
_EDGE = struct.Struct("<QIIQQ")
_FUNCTION = struct.Struct("<QQ")
_FLAGS = struct.Struct("<I4x128Q")

BRANCH = 1
"""What `flow` says of a conditional jump."""
CALL = 2
"""What `flow` says of a call."""


@dataclass(frozen=True, slots=True)
class Insn:
    """An executed instruction: how often it was, and, for a conditional jump, how often it went where.

    `jumped` to its target, `passed` on to the next instruction. `owner` is the number of an owner, or one that no owner
    has.
    """

    address: int
    count: int
    jumped: int
    passed: int
    target: int
    owner: int
    size: int
    flow: int


@dataclass(frozen=True, slots=True)
class Calls:
    """`count` calls of a function that took `insns` instructions of BPF code each, with those of what it called."""

    owner: int
    insns: int
    count: int


@dataclass(frozen=True, slots=True)
class Edge:
    """The calls of `callee` by the instruction at `address` of `caller`: how many, and what they took together."""

    address: int
    caller: int
    callee: int
    count: int
    insns: int


@dataclass(frozen=True)
class Counts:
    """What was counted in a run.

    `memory` is what was read of the kernel's, by reading and address. `functions` are the calls of functions of the
    kernel, by address. `flags` are the calls of programs with each bit of their second and third argument set, by the
    owner's number.
    """

    owners: tuple[Owner, ...]
    memory: Mapping[tuple[int, int], bytes]
    insns: tuple[Insn, ...]
    calls: tuple[Calls, ...]
    edges: tuple[Edge, ...]
    functions: Mapping[int, int] = field(default_factory=dict)
    flags: Mapping[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)


def read_counts(path: Path) -> Counts:
    """The counts in a file; KtstrError if it is not whole, as that of a run which was ended from outside."""
    parts = read_parts(path, HEAD)

    try:
        owners, memory = owners_and_memory(parts)
        return Counts(
            owners,
            memory,
            tuple(Insn(*fields) for fields in _INSN.iter_unpack(part_bytes(parts, Part.INSNS))),
            tuple(Calls(*fields) for fields in _CALLS.iter_unpack(part_bytes(parts, Part.CALLS))),
            tuple(Edge(*fields) for fields in _EDGE.iter_unpack(part_bytes(parts, Part.EDGES))),
            dict(_FUNCTION.iter_unpack(part_bytes(parts, Part.FUNCTIONS))),
            {
                owner: (tuple(bits[:64]), tuple(bits[64:]))
                for owner, *bits in _FLAGS.iter_unpack(part_bytes(parts, Part.FLAGS))
            },
        )
    except struct.error:
        raise ends_early(path) from None
