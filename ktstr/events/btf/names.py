"""Questions about a type: its name in C, its size, and the type behind its typedefs and qualifiers."""

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

__all__ = ["POINTER_BYTES", "find_section", "size_of", "skip_modifiers", "type_name"]

POINTER_BYTES = 8
"""The size of a pointer, in BPF programs and in the kernels that ktstr runs."""

# Twice the kernel's own limit on nested types (MAX_RESOLVE_DEPTH).
_DEEPEST = 64


def skip_modifiers(btf: Btf, number: int) -> Type:
    """Type `number` without its typedefs and qualifiers; KtstrError if they form a cycle."""
    for _ in range(_DEEPEST):
        type = btf.types[number]
        if not isinstance(type, Reference) or type.kind is Kind.PTR:
            return type
        number = type.type
    raise KtstrError(f"type {number}: more than {_DEEPEST} typedefs and qualifiers, or a cycle of them")


def size_of(btf: Btf, number: int) -> int:
    """The size of type `number` in bytes; KtstrError if it has none."""
    count = 1
    for _ in range(_DEEPEST):
        match type := skip_modifiers(btf, number):
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
    raise KtstrError(f"type {number}: an array of more than {_DEEPEST} dimensions, or an array of itself")


def type_name(btf: Btf, number: int) -> str:
    """Type `number` as written in C, without qualifiers: `u64[4]`, `struct task_struct *`."""
    after = ""  # what follows the name, from the inside out
    for _ in range(_DEEPEST):
        match type := btf.types[number]:
            case Reference(kind=Kind.PTR):
                after = f"*{after}"
            case Array():
                # The outer dimension of an array comes first; a pointer binds less tightly than an array.
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
    """The number of the section called `name`, or None if there is none."""
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
