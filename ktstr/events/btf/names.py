"""What a type is called in C, how big it is, and what is behind its typedefs."""

from __future__ import annotations

from ktstr.base.errors import KtstrError
from ktstr.events.btf.types import (
    Array,
    Btf,
    Enum,
    Float,
    Forward,
    FuncProto,
    Int,
    Kind,
    Reference,
    Section,
    Struct,
    Type,
    Unknown,
    Var,
    Void,
)

__all__ = ["POINTER_BYTES", "bare", "find_section", "size_of", "type_name"]

POINTER_BYTES = 8
"""Of a BPF program's pointers, and of those of the kernels it runs on."""

# The kernel's own limit on how deep types may be nested (MAX_RESOLVE_DEPTH) is half of it.
_DEEPEST = 64


def bare(btf: Btf, number: int) -> Type:
    """The type behind the typedefs and qualifiers of type `number`; KtstrError where they lead round in a circle."""
    for _ in range(_DEEPEST):
        type = btf.types[number]
        if not isinstance(type, Reference) or type.kind is Kind.PTR:
            return type
        number = type.type
    raise KtstrError(f"type {number}: more than {_DEEPEST} typedefs and qualifiers, or a circle of them")


def size_of(btf: Btf, number: int) -> int:
    """The size of type `number` in bytes; KtstrError where it has none."""
    count = 1
    for _ in range(_DEEPEST):
        match type := bare(btf, number):
            case Array():
                count *= type.count
                number = type.type
            case Int() | Float() | Enum() | Struct() | Section():
                return count * type.size
            case Reference():
                return count * POINTER_BYTES
            case Var():
                number = type.type
            case _:
                raise KtstrError(f"type {number} ({type_name(btf, number)}): has no size")
    raise KtstrError(f"type {number}: an array of more than {_DEEPEST} dimensions, or of itself")


def type_name(btf: Btf, number: int) -> str:
    """Type `number` as C calls it, without its qualifiers: `u64[4]`, `struct task_struct *`."""
    after = ""  # what stands behind the name, from the inside out
    for _ in range(_DEEPEST):
        match type := btf.types[number]:
            case Reference(kind=Kind.PTR):
                after = f"*{after}"
            case Array():
                # The dimensions of an array stand in the order in which they are read; a pointer binds less tightly.
                after = f"({after})[{type.count}]" if after.startswith("*") else f"{after}[{type.count}]"
            case Reference(kind=Kind.TYPEDEF):
                return _joined(type.name, after)
            case Reference() | Var():
                pass
            case _:
                return _joined(_plain_name(type), after)
        number = type.type
    return _joined("?", after)


def find_section(btf: Btf, name: str) -> int | None:
    """The number of the section called `name`, or None where there is none."""
    numbers = (
        number for number, type in enumerate(btf.types) if isinstance(type, Section) and type.name == name
    )
    return next(numbers, None)


def _joined(name: str, after: str) -> str:
    return name + (f" {after}" if after.startswith(("*", "(")) else after)


def _plain_name(type: Type) -> str:
    match type:
        case Void():
            return "void"
        case Struct() | Forward():
            word = "union" if type.union else "struct"
        case Enum():
            word = "enum"
        case FuncProto():
            return "function"
        case Unknown():
            word = f"kind {type.kind}"
        case Int() | Float() | Section():
            return type.name or "?"
        case _:
            return "?"
    return f"{word} {type.name}" if type.name else word
