"""What the bytes of a value mean by its type: data that is fit for JSON.

| type | value |
| --- | --- |
| integers, bit fields | whole numbers; of `bool` true and false |
| floating-point numbers | numbers, or `"nan"`, `"inf"`, `"-inf"`, which JSON has none for |
| enums | the enumerator's name; the number where none is called so |
| pointers | `"0xffff888003d5c000"`; null for NULL |
| arrays | lists, without the zeros at the end where they are long; of `char` a string up to its NUL, where all before
that can be printed |
| structs, unions | objects, members by name; those of a member without name are the outer one's |

Types and bytes may be damaged or hostile: there is a value or a KtstrError, after work that is bounded by the number of
bytes, whatever the types say of counts and nesting.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

from ktstr.base.errors import KtstrError
from ktstr.events.btf.names import POINTER_BYTES, bare, size_of, type_name
from ktstr.events.btf.types import Array, Btf, Enum, Float, Int, Reference, Section, Struct, Var

__all__ = ["Value", "Variable", "decode", "decode_section"]

Value: TypeAlias = bool | int | float | str | list["Value"] | dict[str, "Value"] | None

_DEEPEST = 32
# Parts (numbers, structs, ...) of a value beside those that each byte of it may have: a union has some a byte.
_PARTS = 4096
_PARTS_PER_BYTE = 16
_MOST_PARTS = 2**18  # a value of more is of no use to anybody, and a burden to show
_LONG = 64  # elements of an array from which on zeros at its end are left out
_FLOATS = {2: "<e", 4: "<f", 8: "<d"}


@dataclass(frozen=True)
class Variable:
    """A global variable: its name, its type as C calls it, and its value; `problem` says why there is none."""

    name: str
    type: str
    value: Value
    problem: str = ""


def decode(btf: Btf, number: int, data: bytes) -> Value:
    """The value of type `number` that begins at the first byte of `data`; bytes behind it are ignored.

    Raises KtstrError where the type has no values or is damaged, or where it takes more bytes than there are.
    """
    return _Decoder(btf, data).value(number, 0, _DEEPEST)


def decode_section(btf: Btf, number: int, data: bytes) -> tuple[Variable, ...]:
    """The variables of section `number`, whose bytes are `data`; one that has no value has a problem instead."""
    section = btf.types[number]
    if not isinstance(section, Section):
        raise KtstrError(f"type {number} ({type_name(btf, number)}): not a section")
    decoder = _Decoder(btf, data)
    variables = []
    for one in section.variables:
        var = btf.types[one.type]
        name = var.name if isinstance(var, Var) else ""
        value, problem = None, ""
        try:
            value = decoder.value(one.type, 8 * one.offset, _DEEPEST)
        except KtstrError as error:
            problem = str(error)
        variables.append(Variable(name or f"type {one.type}", type_name(btf, one.type), value, problem))
    return tuple(variables)


class _Decoder:
    """Decodes values out of `data`; places are in bits."""

    def __init__(self, btf: Btf, data: bytes) -> None:
        self._btf = btf
        self._data = data
        self._left = min(_PARTS + _PARTS_PER_BYTE * len(data), _MOST_PARTS)
        # Looked up once: there may be a path through many types, or a search among many names, for every byte.
        self._bare = cache(partial(bare, btf))
        self._size = cache(partial(size_of, btf))
        self._enumerators: dict[int, dict[int, str]] = {}

    def value(self, number: int, at: int, depth: int) -> Value:
        self._spend(1)
        if not depth:
            raise KtstrError(f"a value nested more than {_DEEPEST} deep")
        type = self._bare(number)
        match type:
            case Int():
                return self._int(type, at + type.offset, type.bits)
            case Enum():
                return self._enum(type, at, 8 * type.size)
            case Reference():
                address = self._bits(at, 8 * POINTER_BYTES)
                return f"{address:#x}" if address else None
            case Float():
                return self._float(type, at)
            case Array():
                return self._array(type, at, depth)
            case Struct():
                return self._struct(type, at, depth)
            case Var():
                return self.value(type.type, at, depth - 1)
            case _:
                raise KtstrError(f"{type_name(self._btf, number)}: a type that has no values")

    def _spend(self, parts: int) -> None:
        self._left -= parts
        if self._left < 0:
            raise KtstrError(
                f"a value of too many parts for its {len(self._data)} bytes, or of more than {_MOST_PARTS}"
            )

    def _bits(self, at: int, count: int) -> int:
        first, last = at // 8, (at + count + 7) // 8
        if last > len(self._data):
            raise KtstrError(f"a value that ends at byte {last} of {len(self._data)}")
        return int.from_bytes(self._data[first:last], "little") >> at % 8 & (1 << count) - 1

    def _int(self, type: Int, at: int, bits: int) -> int | bool:
        value = self._bits(at, bits)
        if type.bool:
            return bool(value)
        return _signed(value, bits) if type.signed else value

    def _enum(self, type: Enum, at: int, bits: int) -> int | str:
        if not 0 < bits <= 64:
            raise KtstrError(f"enum {type.name}: of {bits} bits; must be 1 to 64")
        value = self._bits(at, bits)
        if type.signed:
            value = _signed(value, bits)
        names = self._enumerators.get(id(type))
        if names is None:
            # The first of several names of a value.
            names = self._enumerators[id(type)] = {one.value: one.name for one in reversed(type.values)}
        return names.get(value, value)

    def _float(self, type: Float, at: int) -> float | str:
        if type.size not in _FLOATS or at % 8:
            raise KtstrError(f"{type.name}: a floating-point number of {type.size} bytes; must be 2, 4 or 8")
        raw = self._bits(at, 8 * type.size).to_bytes(type.size, "little")
        (value,) = struct.unpack(_FLOATS[type.size], raw)
        return value if math.isfinite(value) else str(value)

    def _array(self, type: Array, at: int, depth: int) -> list[Value] | str:
        element = self._bare(type.type)
        if isinstance(element, Int) and element.size == 1 and (element.char or element.name == "char"):
            self._spend(type.count)
            text = self._bits(at, 8 * type.count).to_bytes(type.count, "little").partition(b"\0")[0]
            if all(0x20 <= byte < 0x7F for byte in text):
                return text.decode("ascii")
        step = 8 * self._size(type.type) if type.count else 0
        count = type.count if type.count <= _LONG else self._count_to_last(at, step, type.count)
        return [self.value(type.type, at + i * step, depth - 1) for i in range(count)]

    def _count_to_last(self, at: int, step: int, count: int) -> int:
        """How many of so many elements there are up to the last that is not zero."""
        if at % 8 or at + count * step > 8 * len(self._data):
            raise KtstrError(f"a value that ends at byte {(at + count * step + 7) // 8} of {len(self._data)}")
        used = len(self._data[at // 8 : (at + count * step) // 8].rstrip(b"\0"))
        return (8 * used + step - 1) // step if step else 0

    def _struct(self, type: Struct, at: int, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        for member in type.members:
            value = self._member(member.type, at + member.bit_offset, member.bits, depth)
            inner = value if not member.name and isinstance(value, dict) else {member.name: value}
            for name, one in inner.items():
                # C has no two members of one name; damaged types may.
                members[f"{name}#{len(members)}" if name in members else name] = one
        return members

    def _member(self, number: int, at: int, bits: int, depth: int) -> Value:
        if not bits:
            return self.value(number, at, depth - 1)
        self._spend(1)
        type = self._bare(number)
        if isinstance(type, Int):
            return self._int(type, at, bits)
        if isinstance(type, Enum):
            return self._enum(type, at, bits)
        raise KtstrError(f"a bit field of type {type_name(self._btf, number)}")


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value
