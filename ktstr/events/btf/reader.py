"""Reading BTF: from an object's bytes to its types.

The bytes may be damaged or hostile. Whatever they are, the result is a `Btf` or a KtstrError, after work proportional
to their number. This module checks the references between types, so that a `Btf` never refers to a type that it lacks.
The references may form cycles; code that follows them must expect that.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.events.btf.types import (
    Array,
    Btf,
    Enum,
    Enumerator,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Kind,
    Member,
    Parameter,
    Reference,
    Section,
    SectionVariable,
    Struct,
    Tag,
    Type,
    Unknown,
    Var,
    Void,
)

__all__ = ["read_btf"]

_MAGIC = 0xEB9F
_VERSION = 1
_HEADER = struct.Struct("<HBBIIIII")  # magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
_LAYOUT = struct.Struct("<II")  # layout_off, layout_len: they follow in Linux 7.3 and later
_LAYOUT_RECORD = struct.Struct("<BBH")  # for each kind: bytes after the head, bytes of an element, flags
_HEAD = struct.Struct("<III")  # name_off, info, size or type
_WORD, _PAIR, _TRIPLE = struct.Struct("<I"), struct.Struct("<II"), struct.Struct("<III")
_SIGNED, _CHAR, _BOOL = 1, 2, 4
# The kernel's own limit (KSYM_NAME_LEN). Strings may overlap, so without a limit each byte could start a name as long
# as all the strings together.
_LONGEST_NAME = 512
_UNPRINTABLE = re.compile(r"[^ -~\w]")
_REFERENCES = {Kind.PTR, Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG}
# The bytes after the head of a record, and the bytes of each of its elements.
_SIZES = {
    Kind.INT: (4, 0),
    Kind.PTR: (0, 0),
    Kind.ARRAY: (12, 0),
    Kind.STRUCT: (0, 12),
    Kind.UNION: (0, 12),
    Kind.ENUM: (0, 8),
    Kind.FWD: (0, 0),
    Kind.TYPEDEF: (0, 0),
    Kind.VOLATILE: (0, 0),
    Kind.CONST: (0, 0),
    Kind.RESTRICT: (0, 0),
    Kind.FUNC: (0, 0),
    Kind.FUNC_PROTO: (0, 8),
    Kind.VAR: (4, 0),
    Kind.DATASEC: (0, 12),
    Kind.FLOAT: (0, 0),
    Kind.DECL_TAG: (4, 0),
    Kind.TYPE_TAG: (0, 0),
    Kind.ENUM64: (0, 12),
}


def read_btf(data: bytes) -> Btf:
    """The types of the BTF in `data`, which comes from a kernel or from a `.BTF` section.

    Raises KtstrError if it is damaged, big-endian, or has a type of an unknown kind. It does not read the split BTF of
    modules, whose types refer to those of another object.
    """
    parts = _parts(data)
    names = _Names(parts.strings)
    types: list[Type] = [Void()]
    at = 0
    while at < len(parts.types):
        number = len(types)
        if at + _HEAD.size > len(parts.types):
            raise _damaged(f"type {number} is cut off")
        name_at, info, third = _HEAD.unpack_from(parts.types, at)
        at += _HEAD.size
        kind, count = info >> 24 & 0x7F, info & 0xFFFFFF
        after, element = parts.layouts.get(kind) or _size_of(kind, number)
        end = at + after + count * element
        if end > len(parts.types):
            raise _damaged(
                f"type {number} has {count} elements, which are more than the remaining bytes hold"
            )
        record = _Record(names, names.at(name_at, number), kind, bool(info >> 31), count, third, number)
        types.append(record.type(parts.types[at:end]))
        at = end
    _check_references(types)
    return Btf(tuple(types))


@dataclass(frozen=True)
class _Parts:
    """The parts that the header points to; `layouts` are the sizes that the object itself gives for unknown kinds."""

    types: bytes
    strings: bytes
    layouts: dict[int, tuple[int, int]]


def _parts(data: bytes) -> _Parts:
    if len(data) < _HEADER.size:
        raise _damaged(f"it has {len(data)} bytes, fewer than a header")
    magic, version, _flags, length, type_at, type_length, string_at, string_length = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        swapped = magic == int.from_bytes(_MAGIC.to_bytes(2, "little"), "big")
        raise _damaged("it is big-endian" if swapped else f"it begins with {magic:#06x}")
    if version != _VERSION:
        raise _damaged(f"its version is {version}; must be {_VERSION}")
    if length < _HEADER.size:
        raise _damaged(f"its header claims to have {length} bytes")

    def part(name: str, offset: int, size: int) -> bytes:
        start = length + offset
        if start + size > len(data):
            raise _damaged(f"its {name} end at byte {start + size} of {len(data)}")
        return data[start : start + size]

    layouts = {}
    if length >= _HEADER.size + _LAYOUT.size and len(data) >= length:
        records = part("layouts", *_LAYOUT.unpack_from(data, _HEADER.size))
        whole = len(records) // _LAYOUT_RECORD.size * _LAYOUT_RECORD.size
        for kind, (after, element, _) in enumerate(_LAYOUT_RECORD.iter_unpack(records[:whole])):
            if kind > max(Kind):
                layouts[kind] = (after, element)
    return _Parts(part("types", type_at, type_length), part("strings", string_at, string_length), layouts)


def _size_of(kind: int, number: int) -> tuple[int, int]:
    try:
        return _SIZES[Kind(kind)]
    except (KeyError, ValueError):
        raise _damaged(f"type {number} is of kind {kind}, which is not known") from None


class _Names:
    """The strings of an object; each is looked up once."""

    def __init__(self, strings: bytes) -> None:
        if not strings.endswith(b"\0"):
            raise _damaged("its strings do not end with a zero byte")
        self._strings = strings
        self._found: dict[int, str] = {0: ""}

    def at(self, offset: int, number: int) -> str:
        """The string at `offset`, for type `number`."""
        if (found := self._found.get(offset)) is not None:
            return found
        if offset >= len(self._strings):
            raise _damaged(f"a name of type {number} lies outside its strings")
        text, _, _ = self._strings[offset : offset + _LONGEST_NAME].partition(b"\0")
        name = text.decode(errors="replace")
        # The kernel loads no such name. In a report, a line's end in one would begin a line of the scheduler's own.
        return self._found.setdefault(
            offset, name if name.isprintable() else _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", name)
        )


@dataclass(frozen=True, slots=True)
class _Record:
    """The head of a record; `third` is a size or a type, depending on the kind."""

    names: _Names
    name: str
    kind: int
    flag: bool
    count: int
    third: int
    number: int

    def type(self, rest: bytes) -> Type:
        """The type; `rest` are the bytes after the head."""
        if self.kind > max(Kind):
            return Unknown(self.kind, self.name)
        kind = Kind(self.kind)
        if kind in _REFERENCES:
            return Reference(kind, self.name, self.third)
        match kind:
            case Kind.INT:
                return self._int(*_WORD.unpack(rest))
            case Kind.FLOAT:
                return Float(self.name, self.third)
            case Kind.ARRAY:
                return Array(*_TRIPLE.unpack(rest))
            case Kind.STRUCT | Kind.UNION:
                members = tuple(self._member(*words) for words in _TRIPLE.iter_unpack(rest))
                return Struct(kind is Kind.UNION, self.name, self.third, members)
            case Kind.ENUM:
                # The flag means that the 32-bit values are signed.
                pairs = (
                    (name, value) for name, value in struct.iter_unpack("<Ii" if self.flag else "<II", rest)
                )
                return self._enum(False, tuple(pairs))
            case Kind.ENUM64:
                pairs = (
                    (name, value) for name, value in struct.iter_unpack("<Iq" if self.flag else "<IQ", rest)
                )
                return self._enum(True, tuple(pairs))
            case Kind.FWD:
                return Forward(self.flag, self.name)
            case Kind.FUNC_PROTO:
                parameters = (Parameter(self._at(name), type) for name, type in _PAIR.iter_unpack(rest))
                return FuncProto(self.third, tuple(parameters))
            case Kind.VAR:
                return Var(self.name, self.third, *_WORD.unpack(rest))
            case Kind.DATASEC:
                variables = (SectionVariable(*words) for words in _TRIPLE.iter_unpack(rest))
                return Section(self.name, self.third, tuple(variables))
            case Kind.DECL_TAG:
                return Tag(self.name, self.third, *struct.unpack("<i", rest))
            case _:  # a function has no elements; the count is its linkage
                return Func(self.name, self.third, self.count)

    def _at(self, offset: int) -> str:
        return self.names.at(offset, self.number)

    def _int(self, word: int) -> Int:
        encoding, offset, bits = word >> 24 & 0x0F, word >> 16 & 0xFF, word & 0xFF
        if not 0 < bits <= 128 or offset + bits > 8 * self.third:
            raise _damaged(f"type {self.number} is an integer of {bits} bits in {self.third} bytes")
        flags = (bool(encoding & flag) for flag in (_SIGNED, _CHAR, _BOOL))
        return Int(self.name, self.third, offset, bits, *flags)

    def _member(self, name: int, type: int, offset: int) -> Member:
        # With the flag, the offset also holds the width of a bit field.
        bit_offset, bits = (offset & 0xFFFFFF, offset >> 24) if self.flag else (offset, 0)
        return Member(self._at(name), type, bit_offset, bits)

    def _enum(self, wide: bool, pairs: tuple[tuple[int, int], ...]) -> Enum:
        values = tuple(Enumerator(self._at(name), value) for name, value in pairs)
        return Enum(wide, self.name, self.third, self.flag, values)


def _check_references(types: list[Type]) -> None:
    for number, type in enumerate(types):
        match type:
            case Reference() | Var() | Func() | Tag():
                references: tuple[int, ...] = (type.type,)
            case Array():
                references = (type.type, type.index_type)
            case Struct():
                references = tuple(member.type for member in type.members)
            case FuncProto():
                references = (type.returns, *(parameter.type for parameter in type.parameters))
            case Section():
                references = tuple(variable.type for variable in type.variables)
            case _:
                continue
        if references and max(references) >= len(types):
            raise _damaged(f"type {number} refers to type {max(references)} of {len(types)}")


def _damaged(what: str) -> KtstrError:
    return KtstrError(f"BTF cannot be read: {what}")
