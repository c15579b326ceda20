"""BPF objects that are damaged in one place each, by a seed: what a broken disk, linker or compiler leaves."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

__all__ = ["KINDS", "mutated"]

_HEADER: Final = 64  # bytes of an ELF-64 section header
_SYMBOL, _RELOCATION, _INSTRUCTION = 24, 16, 8
_SYMBOLS, _EXECUTABLE, _NOBITS = 2, 4, 8  # SHT_SYMTAB, SHF_EXECINSTR, SHT_NOBITS
_SHT_REL = 9
_HUGE = (0, 1, 7, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**40, 2**63, 2**64 - 1)


@dataclass(frozen=True)
class _Section:
    """A section header's place in the file, and what it says."""

    at: int
    name: str
    type: int
    flags: int
    offset: int
    size: int


def mutated(data: bytes, kind: str, seed: int) -> bytes:
    """A whole little-endian ELF-64 object with one damage of a `kind` of `KINDS`; the same for the same seed."""
    damaged = bytearray(data)
    KINDS[kind](damaged, Random(f"{kind} {seed}"))
    return bytes(damaged)


def _sections(data: bytearray) -> list[_Section]:
    (table,) = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    headers = [struct.unpack_from("<IIQQQQ", data, table + _HEADER * index) for index in range(count)]
    strings = headers[names][4]
    found = []
    for index, (name, type_, flags, _, offset, size) in enumerate(headers):
        start = strings + name
        text = data[start : data.index(0, start)].decode()
        found.append(_Section(table + _HEADER * index, text, type_, flags, offset, size))
    return found


def _named(data: bytearray, name: str) -> _Section:
    return next(one for one in _sections(data) if one.name == name)


def _put(data: bytearray, at: int, width: int, random: Random) -> None:
    """A value that is often at an edge, at `at`; sometimes the old one plus or minus little."""
    old = int.from_bytes(data[at : at + width], "little")
    new = random.choice((*_HUGE, random.getrandbits(64), old + random.randint(-9, 9), old * 2, old // 2))
    data[at : at + width] = (new % 256**width).to_bytes(width, "little")


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def _flip(data: bytearray, random: Random) -> None:
    for _ in range(random.randint(1, 40)):
        data[random.randrange(len(data))] = random.randrange(256)


def _identity(data: bytearray, random: Random) -> None:
    """Class, byte order, version, ABI, type or machine."""
    data[random.choice((4, 5, 6, 7, 16, 18, 19, 20))] = random.randrange(256)


def _table(data: bytearray, random: Random) -> None:
    """Where the section headers are, how long and how many, and which one has the names."""
    at, width = random.choice(((40, 8), (58, 2), (60, 2), (62, 2)))
    _put(data, at, width, random)


def _section(data: bytearray, random: Random) -> None:
    """One field of a section header."""
    at, width = random.choice(((0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)))
    _put(data, random.choice(_sections(data)[1:]).at + at, width, random)


def _size(data: bytearray, random: Random) -> None:
    """The size of a section: smaller, larger than the file, or huge."""
    section = random.choice([one for one in _sections(data) if one.size])
    size = random.choice((0, section.size // 2, section.size - 1, section.size * 3, *_HUGE))
    struct.pack_into("<Q", data, section.at + 32, size)


def _swap(data: bytearray, random: Random) -> None:
    one, other = random.sample(_sections(data)[1:], 2)
    first, second = data[one.at : one.at + _HEADER], data[other.at : other.at + _HEADER]
    data[one.at : one.at + _HEADER], data[other.at : other.at + _HEADER] = second, first


def _rename(data: bytearray, random: Random) -> None:
    """A section gets another one's name, or one without meaning."""
    one, other = random.sample(_sections(data)[1:], 2)
    (name,) = struct.unpack_from("<I", data, other.at)
    struct.pack_into("<I", data, one.at, random.choice((name, name + 1)))


def _symbol(data: bytearray, random: Random) -> None:
    table = next(one for one in _sections(data) if one.type == _SYMBOLS)
    entry = table.offset + _SYMBOL * random.randrange(table.size // _SYMBOL)
    at, width = random.choice(((0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)))
    _put(data, entry + at, width, random)


def _relocation(data: bytearray, random: Random) -> None:
    tables = [one for one in _sections(data) if one.type == _SHT_REL and one.size]
    table = random.choice(tables)
    entry = table.offset + _RELOCATION * random.randrange(table.size // _RELOCATION)
    at, width = random.choice(((0, 8), (8, 4), (12, 4)))
    _put(data, entry + at, width, random)


def _words(data: bytearray, section: _Section, random: Random) -> None:
    """Some of the words of 32 bits in a section; most often in its first, which describe the others."""
    for _ in range(random.choice((1, 1, 3, 20))):
        last = random.choice((6, section.size // 4))
        _put(data, section.offset + 4 * random.randrange(max(1, last)), 4, random)


def _btf(data: bytearray, random: Random) -> None:
    _words(data, _named(data, ".BTF"), random)


def _btf_ext(data: bytearray, random: Random) -> None:
    _words(data, _named(data, ".BTF.ext"), random)


def _instruction(data: bytearray, random: Random) -> None:
    code = [one for one in _sections(data) if one.flags & _EXECUTABLE and one.size and one.type != _NOBITS]
    for _ in range(random.choice((1, 1, 5))):
        section = random.choice(code)
        entry = section.offset + _INSTRUCTION * random.randrange(section.size // _INSTRUCTION)
        at, width = random.choice(((0, 1), (1, 1), (2, 2), (4, 4)))
        _put(data, entry + at, width, random)


def _values(data: bytearray, random: Random) -> None:
    """Bytes of sections that are neither code nor debug information: licence, struct_ops, maps, read-only data."""
    some = [
        one
        for one in _sections(data)
        if one.flags and not one.flags & _EXECUTABLE and one.type != _NOBITS and one.size
    ]
    section = random.choice(some)
    for _ in range(random.randint(1, 5)):
        data[section.offset + random.randrange(section.size)] = random.randrange(256)


KINDS: Final[dict[str, Callable[[bytearray, Random], None]]] = {
    "cut": _cut,
    "flip": _flip,
    "identity": _identity,
    "table": _table,
    "section": _section,
    "size": _size,
    "swap": _swap,
    "rename": _rename,
    "symbol": _symbol,
    "relocation": _relocation,
    "btf": _btf,
    "btf_ext": _btf_ext,
    "instruction": _instruction,
    "values": _values,
}
"""What is damaged, by kind: the file as a whole, its headers, its tables, and what its sections hold."""
