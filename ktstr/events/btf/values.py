"""Decoding: from the bytes of a value and its type to data that JSON can hold.

| type | value |
| --- | --- |
| integers, bit fields | whole numbers; true and false for `bool` |
| floating-point numbers | numbers; `"nan"`, `"inf"` and `"-inf"`, because JSON has no numbers for these |
| enums | the enumerator's name; the number if no enumerator has that value |
| pointers | `"0xffff888003d5c000"`; null for NULL |
| arrays | lists, a long one without the zeros at its end; a string up to the NUL for `char`, if all before it is
printable |
| structs, unions | objects, members by name; the members of an anonymous member belong to the outer object |

Types and bytes may be damaged or hostile. The result is a value or a KtstrError, after work that is bounded by the
number of bytes, whatever counts and nesting the types claim.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

from ktstr.base.errors import KtstrError
from ktstr.events.btf.names import POINTER_BYTES, size_of, skip_modifiers, type_name
from ktstr.events.btf.types import Array, Btf, Enum, Float, Int, Reference, Section, Struct, Var

__all__ = ["Value", "Variable", "decode", "decode_section"]

Value: TypeAlias = bool | int | float | str | list["Value"] | dict[str, "Value"] | None
"""A decoded value: a struct is a dict by its members' names, an array a list, a NULL pointer None."""

_DEEPEST = 32
# The limit on a value's parts (numbers, structs, ...) is a constant and some more for each byte: the members of a union
# share their bytes.
_PARTS = 4096
_PARTS_PER_BYTE = 16
_MOST_PARTS = 2**18  # nobody can read a larger value
_LONG = 64  # an array of more elements is shown without the zeros at its end
_FLOATS = {2: "<e", 4: "<f", 8: "<d"}


@dataclass(frozen=True)
class Variable:
    """A global variable."""

    name: str
    """Its name in the source."""
    type: str
    """Its type, as written in C."""
    value: Value
    """Its value; None if there is a problem, and for a NULL pointer."""
    problem: str = ""
    """Why its value could not be decoded; empty if it could."""


def decode(btf: Btf, number: int, data: bytes) -> Value:
    """The value of type `number` at the start of `data`; the bytes after it are ignored.

    Raises KtstrError if the type has no values, is damaged, or needs more bytes than there are.
    """
    return _Decoder(btf, data).value(number, 0, _DEEPEST)


def decode_section(btf: Btf, number: int, data: bytes) -> tuple[Variable, ...]:
    """The variables of section `number`, whose bytes are `data`; KtstrError if that type is not a section.

    A variable that cannot be decoded has a problem instead of a value.
    """
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
    """Decodes values in `data`. All offsets are in bits."""

    def __init__(self, btf: Btf, data: bytes) -> None:
        self._btf = btf
        self._data = data
        self._left = min(_PARTS + _PARTS_PER_BYTE * len(data), _MOST_PARTS)
        # Cached, because each byte of hostile data may need a walk through many types, or a search among many names.
        self._skip_modifiers = cache(partial(skip_modifiers, btf))
        self._size = cache(partial(size_of, btf))
        self._enumerators: dict[int, dict[int, str]] = {}

    def value(self, number: int, at: int, depth: int) -> Value:
        self._spend(1)
        if not depth:
            raise KtstrError(f"a value nested more than {_DEEPEST} levels deep")
        type = self._skip_modifiers(number)
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
                raise KtstrError(f"{type_name(self._btf, number)}: this type has no values")

    def _spend(self, parts: int) -> None:
        self._left -= parts
        if self._left < 0:
            raise KtstrError(
                f"a value with too many parts for its {len(self._data)} bytes, or with more than {_MOST_PARTS}"
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
            raise KtstrError(f"enum {type.name}: has {bits} bits; must be 1 to 64")
        value = self._bits(at, bits)
        if type.signed:
            value = _signed(value, bits)
        names = self._enumerators.get(id(type))
        if names is None:
            # If several names have the same value, the first one wins.
            names = self._enumerators[id(type)] = {one.value: one.name for one in reversed(type.values)}
        return names.get(value, value)

    def _float(self, type: Float, at: int) -> float | str:
        if type.size not in _FLOATS or at % 8:
            raise KtstrError(f"{type.name}: a floating-point number of {type.size} bytes; must be 2, 4 or 8")
        raw = self._bits(at, 8 * type.size).to_bytes(type.size, "little")
        (value,) = struct.unpack(_FLOATS[type.size], raw)
        return value if math.isfinite(value) else str(value)

    def _array(self, type: Array, at: int, depth: int) -> list[Value] | str:
        element = self._skip_modifiers(type.type)
        if isinstance(element, Int) and element.size == 1 and (element.char or element.name == "char"):
            self._spend(type.count)
            text = self._bits(at, 8 * type.count).to_bytes(type.count, "little").partition(b"\0")[0]
            if all(0x20 <= byte < 0x7F for byte in text):
                return text.decode("ascii")
        step = 8 * self._size(type.type) if type.count else 0
        count = type.count if type.count <= _LONG else self._count_to_last(at, step, type.count)
        return [self.value(type.type, at + i * step, depth - 1) for i in range(count)]

    def _count_to_last(self, at: int, step: int, count: int) -> int:
        """How many of an array's `count` elements there are up to the last one that is not zero."""
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
                # C forbids two members of the same name, but damaged types may have them.
                members[f"{name}#{len(members)}" if name in members else name] = one
        return members

    def _member(self, number: int, at: int, bits: int, depth: int) -> Value:
        if not bits:
            return self.value(number, at, depth - 1)
        self._spend(1)
        type = self._skip_modifiers(number)
        if isinstance(type, Int):
            return self._int(type, at, bits)
        if isinstance(type, Enum):
            return self._enum(type, at, bits)
        raise KtstrError(f"a bit field of type {type_name(self._btf, number)}")


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value
