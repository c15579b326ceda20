"""The types that BTF describes, as data: a class for each shape of record, and `Btf`, the types of one object.

The format is that of the kernel's include/uapi/linux/btf.h and Documentation/bpf/btf.rst. Types refer to each other by
their number in the object; number 0 is `void`.
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
    """The kinds of types, with the numbers that records use (BTF_KIND_*)."""

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
    """`void`, type number 0."""


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of `size` bytes. Its value is `bits` bits wide and begins at bit `offset`."""

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
    """A type that only refers to another: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT or TYPE_TAG.

    Only TYPEDEF and TYPE_TAG have a name.
    """

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
    """A member of a struct. `bit_offset` is its place in bits; `bits` is the width of a bit field, else 0."""

    name: str
    type: int
    bit_offset: int
    bits: int


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct or a union of `size` bytes."""

    union: bool
    name: str
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Enumerator:
    """A name in an enum, and its value."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum of `size` bytes; `wide` if it is an ENUM64."""

    wide: bool
    name: str
    size: int
    signed: bool
    values: tuple[Enumerator, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """A struct or union that is declared but not defined."""

    union: bool
    name: str


@dataclass(frozen=True, slots=True)
class Func:
    """A function. `type` is its FUNC_PROTO; `linkage` is static (0), global (1) or extern (2)."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function; without a name and a type it is `...`."""

    name: str
    type: int


@dataclass(frozen=True, slots=True)
class FuncProto:
    """The type of a function: what it returns and takes."""

    returns: int
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Var:
    """A global variable; `linkage` is static (0), global (1) or extern (2)."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True, slots=True)
class SectionVariable:
    """A variable of a section: the number of its VAR, and its place and size in bytes."""

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
    """A DECL_TAG: an attribute of type `type`, or of its member or parameter number `component` (-1: the type)."""

    name: str
    type: int
    component: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type of a kind that this module does not know. The object says how long such records are."""

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
"""A BTF type of any kind."""


@dataclass(frozen=True, slots=True)
class Btf:
    """The types of an object, indexed by number."""

    types: tuple[Type, ...]
