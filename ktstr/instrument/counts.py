"""What the instrument "counts" has written: a file of parts, as `c/out.h` describes it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.base.errors import KtstrError

__all__ = [
    "BRANCH",
    "CALL",
    "Calls",
    "Counts",
    "Edge",
    "Insn",
    "Owner",
    "ends_early",
    "parts_of",
    "read_counts",
]

_HEAD = b"ktstr-counts-2\n"
_PART = struct.Struct("<QQ")
_OWNER = struct.Struct("<IIQQQQQ128s")
_PLACE = struct.Struct("<QQ")
_INSN = struct.Struct("<QQQQQIBB2x")
_CALLS = struct.Struct("<I4xQQ")
_EDGE = struct.Struct("<QIIQQ")
_FUNCTION = struct.Struct("<QQ")
_FLAGS = struct.Struct("<I4x128Q")
_IS_OWNER, _IS_MEMORY, _IS_INSNS, _IS_CALLS, _IS_EDGES, _IS_END = range(1, 7)
_IS_FUNCTIONS, _IS_FLAGS = 8, 9

BRANCH = 1
"""What `flow` says of a conditional jump."""
CALL = 2
"""What `flow` says of a call."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What code belongs to: a program or subprogram, or a trampoline.

    `reading` says which reading of the kernel's memory found it, `aux` is the address of its struct bpf_prog_aux,
    `object` that of its BTF (0: it has none), and its code is from `start` up to `end`.
    """

    number: int
    is_program: bool
    reading: int
    aux: int
    object: int
    start: int
    end: int
    name: str


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
    owners: list[Owner] = []
    memory: dict[tuple[int, int], bytes] = {}
    insns: list[Insn] = []
    calls: list[Calls] = []
    edges: list[Edge] = []
    functions: dict[int, int] = {}
    flags: dict[int, tuple[tuple[int, ...], ...]] = {}
    try:
        for kind, part in parts_of(path):
            if kind == _IS_OWNER:
                owners.append(_owner(part))
            elif kind == _IS_MEMORY:
                memory[_PLACE.unpack_from(part)] = part[_PLACE.size :]
            elif kind == _IS_INSNS:
                insns += [Insn(*fields) for fields in _INSN.iter_unpack(part)]
            elif kind == _IS_CALLS:
                calls += [Calls(*fields) for fields in _CALLS.iter_unpack(part)]
            elif kind == _IS_EDGES:
                edges += [Edge(*fields) for fields in _EDGE.iter_unpack(part)]
            elif kind == _IS_FUNCTIONS:
                functions.update(_FUNCTION.iter_unpack(part))
            elif kind == _IS_FLAGS:
                flags.update(
                    (owner, (tuple(bits[:64]), tuple(bits[64:]))) for owner, *bits in _FLAGS.iter_unpack(part)
                )
    except struct.error:
        raise ends_early(path) from None
    return Counts(tuple(owners), memory, tuple(insns), tuple(calls), tuple(edges), functions, flags)


def parts_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The parts of an instrument's file, each with its kind; KtstrError at its end if it is not whole."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KtstrError(f"{path}: the run's counts cannot be read: {error.strerror}") from None
    if not data.startswith(_HEAD):
        raise KtstrError(f"{path}: must be the counts of a run")
    at = len(_HEAD)
    try:
        while True:
            kind, size = _PART.unpack_from(data, at)
            at += _PART.size
            part, at = data[at : at + size], at + size
            if kind == _IS_END:
                return
            yield kind, part
    except struct.error:
        raise ends_early(path) from None


def ends_early(path: Path) -> KtstrError:
    """What is wrong with an instrument's file whose parts are not whole."""
    return KtstrError(f"{path}: the counts end early; the run did not end by itself")


def _owner(part: bytes) -> Owner:
    number, is_program, reading, aux, object, start, end, name = _OWNER.unpack(part)
    text = name.partition(b"\0")[0].decode(errors="replace")
    return Owner(number, bool(is_program), reading, aux, object, start, end, text)
