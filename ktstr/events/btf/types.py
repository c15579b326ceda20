"""The types that BTF describes, as data: one class for each shape of record, and `Btf`, all of an object's.

Format: the kernel's include/uapi/linux/btf.h and Documentation/bpf/btf.rst. A type is known by its number in the
object: 0 is `void`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Array",
    "Btf",
    "Enum",
    "Enumerator",
    "Float",
    "Forward",
    "Func",
    "FuncProto",
    "Int",
    "Kind",
    "Member",
    "Parameter",
    "Reference",
    "Section",
    "SectionVariable",
    "Struct",
    "Tag",
    "Type",
    "Unknown",
    "Var",
    "Void",
]


class Kind(IntEnum):
    """The kinds of types, by the number that a record has for them."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


@dataclass(frozen=True, slots=True)
class Void:
    """No type; number 0."""


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of `size` bytes whose value is `bits` of them from bit `offset` on."""

    name: str
    size: int
    offset: int
    bits: int
    signed: bool
    char: bool
    bool: bool


@dataclass(frozen=True, slots=True)
class Float:
    """A floating-point number of `size` bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Reference:
    """What only leads to another type: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG. TYPEDEF and TYPE_TAG have a
    name."""

    kind: Kind
    name: str
    type: int


@dataclass(frozen=True, slots=True)
class Array:
    """`count` elements of type `type`."""

    type: int
    index_type: int
    count: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct: where it begins in bits, and of how many it is where it is a bit field (else 0)."""

    name: str
    type: int
    bit_offset: int
    bits: int


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct, or a union."""

    union: bool
    name: str
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Enumerator:
    """A name of an enum's, and its value."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum of `size` bytes; ENUM64 where `wide`."""

    wide: bool
    name: str
    size: int
    signed: bool
    values: tuple[Enumerator, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """A struct or union of which only the name is known."""

    union: bool
    name: str


@dataclass(frozen=True, slots=True)
class Func:
    """A function: its FUNC_PROTO, and whether it is static (0), global (1) or extern (2)."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function. One without name and type stands for `...`."""

    name: str
    type: int


@dataclass(frozen=True, slots=True)
class FuncProto:
    """What a function returns and takes."""

    returns: int
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Var:
    """A global variable, and whether it is static (0), global (1) or extern (2)."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True, slots=True)
class SectionVariable:
    """The number of a VAR, and where in its section it lies, in bytes."""

    type: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section of global variables, such as `.bss`."""

    name: str
    size: int
    variables: tuple[SectionVariable, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """A DECL_TAG: a note on type `type`, or on its member or parameter number `component` (-1: on itself)."""

    name: str
    type: int
    component: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A record of a kind that came after this was written; its object says how long such records are."""

    kind: int
    name: str


Type = (
    Void
    | Int
    | Float
    | Reference
    | Array
    | Struct
    | Enum
    | Forward
    | Func
    | FuncProto
    | Var
    | Section
    | Tag
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Btf:
    """An object's types, by number."""

    types: tuple[Type, ...]
