"""What is set in a BPF scheduler before it is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import mapping, shown, string

__all__ = ["Value", "assignments", "checked_rodata", "checked_values"]

Value = int | str | Sequence[int] | Sequence[Sequence[int]] | Sequence[str]
"""A whole number, a text for an array of char, the numbers of an array, or enumerators of the kernel that `|` joins;
for a path with `[*]`, a list of these."""

_EVERY = "[*]"

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # a C identifier
# A variable or a map, and members and elements of it. The keys of a hash may be negative.
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[(?:-?\d+|\*)\])*", re.ASCII)
# What a 64-bit variable can hold, signed or unsigned.
_NUMBERS = range(-(2**63), 2**64)
_ACCEPTED = (
    "must be a whole number of 64 bits, a text, a list of numbers, or a function of the topology to one"
)


def checked_rodata(given: object) -> Mapping[str, int]:
    """`rodata` of a declaration; KtstrError for a name or a value that is not acceptable."""
    constants: dict[str, int] = {}
    for variable, value in mapping(given, "rodata").items():
        if not _NAME.fullmatch(variable):
            raise KtstrError(f"rodata: {variable!r}: must be the name of a variable")
        if not isinstance(value, int) or value not in _NUMBERS:
            raise KtstrError(f"rodata[{variable!r}]={shown(value)}: must be a whole number of 64 bits")
        constants[variable] = int(value)
    return constants


def checked_values(given: object) -> Mapping[str, Value | Callable[[Topology], Value]]:
    """`values` of a declaration; KtstrError for a path or a value that is not acceptable."""
    values: dict[str, Value | Callable[[Topology], Value]] = {}
    for path, value in mapping(given, "values").items():
        if not _PATH.fullmatch(path) or path.count(_EVERY) > 1:
            raise KtstrError(
                f"values: {path!r}: must be a variable with members or elements, such as limits.cpu[3]"
            )
        values[path] = value if callable(value) else _checked(value, f"values[{path!r}]", path)
    return values


def assignments(
    values: Mapping[str, Value | Callable[[Topology], Value]], topology: Topology
) -> tuple[str, ...]:
    """The values in a guest of `topology`, each as the loader takes it; KtstrError for what a function returned.

    A path with `[*]` is one for each value of its list: `[0]`, `[1]` and so on.
    """
    set_to: list[str] = []
    for path, value in values.items():
        if callable(value):
            value = _checked(value(topology), f"values[{path!r}] for topology {topology}", path)
        if _EVERY in path and isinstance(value, list | tuple):
            set_to += [f"{path.replace(_EVERY, f'[{at}]')}={_text(one)}" for at, one in enumerate(value)]
        else:
            set_to.append(f"{path}={_text(value)}")
    return tuple(set_to)


def _text(value: Value) -> str:
    return str(value) if isinstance(value, str | int) else ",".join(map(str, value))


def _checked(value: object, field: str, path: str) -> Value:
    if _EVERY in path:
        if not isinstance(value, list | tuple) or not value:
            raise KtstrError(f"{field}={shown(value)}: must be a list, with a value for each element")
        return tuple(_checked(one, field, "") for one in value)  # type: ignore[return-value]
    if isinstance(value, str):
        return string(value, field)
    if isinstance(value, list | tuple) and value:
        return tuple(_number(one, field) for one in value)
    return _number(value, field)


def _number(value: object, field: str) -> int:
    if not isinstance(value, int) or value not in _NUMBERS:
        raise KtstrError(f"{field}={shown(value)}: {_ACCEPTED}")
    return int(value)
