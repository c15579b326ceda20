"""The file that an instrument writes: a head, and parts, as `c/out.h` describes it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from ktstr.base.errors import KtstrError

__all__ = [
    "HEAD",
    "Owner",
    "Part",
    "Read",
    "ends_early",
    "is_whole",
    "owners_and_memory",
    "part_bytes",
    "read_parts",
]

HEAD = b"ktstr-counts-2\n"
"""How the files of instruments begin."""

_PART = struct.Struct("<QQ")
_OWNER = struct.Struct("<IIQQQQQ128s")
_PLACE = struct.Struct("<QQ")


class Part(IntEnum):
    """What a part has; `c/out.h` says of which struct."""

    OWNER = 1
    MEMORY = 2
    INSNS = 3
    CALLS = 4
    EDGES = 5
    END = 6
    STOPS = 7
    NEWS = 8
    BLOCKS = 9
    VISITS = 10
    EVENTS = 11
    FUNCTIONS = 12
    FLAGS = 13


_WHOLE = _PART.pack(Part.END, 0)


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


class Read(Protocol):
    """What an instrument has read of the kernel: owners of code, and memory, by reading and address."""

    @property
    def owners(self) -> tuple[Owner, ...]:
        """In the order in which they were found."""
        ...

    @property
    def memory(self) -> Mapping[tuple[int, int], bytes]:
        """The bytes at an address, as of that reading."""
        ...


def read_parts(path: Path, head: bytes) -> list[tuple[int, bytes]]:
    """The parts of a file that begins with `head`, each its kind (`Part`) and its bytes, up to the end.

    KtstrError if it is not whole, as that of a run which was ended from outside.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KtstrError(f"{path}: the run's counts cannot be read: {error.strerror}") from None
    if not data.startswith(head):
        raise KtstrError(f"{path}: must be the counts of a run")
    parts: list[tuple[int, bytes]] = []
    at = len(head)
    while at + _PART.size <= len(data):
        kind, size = _PART.unpack_from(data, at)
        at += _PART.size
        if kind == Part.END:
            return parts
        parts.append((kind, data[at : at + size]))
        at += size
    raise ends_early(path)


def ends_early(path: Path) -> KtstrError:
    """What is wrong with an instrument's file whose parts are not whole."""
    return KtstrError(f"{path}: the counts end early; the run did not end by itself")


def is_whole(file: Path) -> bool:
    """Whether an instrument's file is there and ends as the instrument ends it."""
    try:
        with file.open("rb") as opened:
            opened.seek(-len(_WHOLE), 2)
            return opened.read() == _WHOLE
    except OSError:
        return False


def part_bytes(parts: Sequence[tuple[int, bytes]], which: Part) -> bytes:
    """All parts of that kind, one after the other."""
    return b"".join(part for kind, part in parts if kind == which)


def owners_and_memory(
    parts: Sequence[tuple[int, bytes]],
) -> tuple[tuple[Owner, ...], Mapping[tuple[int, int], bytes]]:
    """The owners of code, and what was read of the kernel's memory, by reading and address. May raise struct.error."""
    owners = tuple(_owner(part) for kind, part in parts if kind == Part.OWNER)
    memory = {
        (reading, address): part[_PLACE.size :]
        for kind, part in parts
        if kind == Part.MEMORY
        for reading, address in (_PLACE.unpack_from(part),)
    }
    return owners, memory


def _owner(part: bytes) -> Owner:
    number, is_program, reading, aux, object, start, end, name = _OWNER.unpack(part)
    text = name.partition(b"\0")[0].decode(errors="replace")
    return Owner(number, bool(is_program), reading, aux, object, start, end, text)
