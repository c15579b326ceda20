"""What is set in a BPF scheduler before it is loaded, and run before it is attached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import mapping, shown, string

__all__ = ["Value", "assignments", "checked_rodata", "checked_runs", "checked_values", "run_calls"]

Value = int | str | Sequence[int]
"""A whole number, a text for an array of char, or the numbers of an array."""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # a C identifier
# A variable or a map, and members and elements of it. The keys of a hash may be negative.
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[-?\d+\])*", re.ASCII)
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
        if not _PATH.fullmatch(path):
            raise KtstrError(
                f"values: {path!r}: must be a variable with members or elements, such as limits.cpu[3]"
            )
        values[path] = value if callable(value) else _checked(value, f"values[{path!r}]")
    return values


def checked_runs(given: object) -> Mapping[str, tuple[int, ...]]:
    """`setup_programs` of a declaration; KtstrError for a name or an argument that is not acceptable."""
    runs: dict[str, tuple[int, ...]] = {}
    for name, arguments in mapping(given, "setup_programs").items():
        field = f"setup_programs[{name!r}]"
        if not _NAME.fullmatch(name):
            raise KtstrError(f"{field}: must be the name of a program")
        if not isinstance(arguments, list | tuple):
            raise KtstrError(f"{field}={shown(arguments)}: must be a list of numbers, which may be empty")
        runs[name] = tuple(_number(one, field) for one in arguments)
    return runs


def assignments(
    values: Mapping[str, Value | Callable[[Topology], Value]], topology: Topology
) -> tuple[str, ...]:
    """The values in a guest of `topology`, each as the loader takes it; KtstrError for what a function returned."""
    return tuple(f"{path}={_text(value, path, topology)}" for path, value in values.items())


def run_calls(runs: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The programs to run, each as the loader takes it."""
    return tuple(
        f"{name}={','.join(map(str, arguments))}" if arguments else name for name, arguments in runs.items()
    )


def _text(value: Value | Callable[[Topology], Value], path: str, topology: Topology) -> str:
    if callable(value):
        value = _checked(value(topology), f"values[{path!r}] for topology {topology}")
    if isinstance(value, str | int):
        return str(value)
    return ",".join(map(str, value))


def _checked(value: object, field: str) -> Value:
    if isinstance(value, str):
        return string(value, field)
    if isinstance(value, list | tuple) and value:
        return tuple(_number(one, field) for one in value)
    return _number(value, field)


def _number(value: object, field: str) -> int:
    if not isinstance(value, int) or value not in _NUMBERS:
        raise KtstrError(f"{field}={shown(value)}: {_ACCEPTED}")
    return int(value)
