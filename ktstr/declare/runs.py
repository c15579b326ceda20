"""The programs of `SEC("syscall")` that are run for a BPF scheduler before it is attached, and as soon as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import mapping, shown

__all__ = ["Argument", "Calls", "Runs", "checked_programs", "checked_runs", "run_calls"]

Argument = int | str
"""A number, or `sizeof(struct x)` of a struct that the BPF has."""
Calls = Sequence[Argument] | Sequence[Sequence[Argument]]
"""The arguments of a program, or a list of them: then it is run once with each."""
Runs = Mapping[str, Calls | Callable[[Topology], Calls | None]]
"""By program, in order, what it is run with; a function says it for each guest, None if it is not run there."""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SIZE = re.compile(r"sizeof\(struct [A-Za-z_]\w*\)", re.ASCII)
# What a 64-bit variable can hold, signed or unsigned.
_NUMBERS = range(-(2**63), 2**64)


def checked_runs(given: object, field: str = "setup_programs") -> Runs:
    """`setup_programs` of a declaration; KtstrError for a name or an argument that is not acceptable."""
    runs: dict[str, Calls | Callable[[Topology], Calls | None]] = {}
    for name, calls in mapping(given, field).items():
        where = f"{field}[{name!r}]"
        if not _NAME.fullmatch(name):
            raise KtstrError(f"{where}: must be the name of a program")
        runs[name] = calls if callable(calls) else _checked(calls, where)
    return runs


def checked_programs(given: object) -> Mapping[str, bool]:
    """`programs` of a declaration; KtstrError for a name or a choice that is not acceptable."""
    programs: dict[str, bool] = {}
    for name, load in mapping(given, "programs").items():
        if not _NAME.fullmatch(name):
            raise KtstrError(f"programs[{name!r}]: must be the name of a program")
        if not isinstance(load, bool):
            raise KtstrError(f"programs[{name!r}]={shown(load)}: must be True, to load it, or False")
        programs[name] = load
    return programs


def run_calls(runs: Runs, topology: Topology) -> tuple[str, ...]:
    """The runs in a guest of `topology`, each as the loader takes it; KtstrError for what a function returned."""
    calls: list[str] = []
    for name, value in runs.items():
        if callable(value):
            said = value(topology)
            if said is None:
                continue
            value = _checked(said, f"the arguments of program {name} for topology {topology}")
        calls += [_call(name, arguments) for arguments in _each(value)]
    return tuple(calls)


def _call(name: str, arguments: Sequence[Argument]) -> str:
    return f"{name}={','.join(map(str, arguments))}" if arguments else name


def _each(calls: Calls) -> Iterable[Sequence[Argument]]:
    lists = [one for one in calls if isinstance(one, list | tuple)]
    return lists or [[one for one in calls if isinstance(one, int | str)]]


def _checked(calls: object, where: str) -> Calls:
    if not isinstance(calls, list | tuple):
        raise KtstrError(
            f"{where}={shown(calls)}: must be a list of numbers, which may be empty, or of lists"
        )
    nested = [one for one in calls if isinstance(one, list | tuple)]
    if nested and len(nested) != len(calls):
        raise KtstrError(f"{where}={shown(calls)}: must be a list of numbers or a list of lists, not both")
    if nested:
        return tuple(tuple(_argument(one, where) for one in call) for call in nested)
    return tuple(_argument(one, where) for one in calls)


def _argument(value: object, where: str) -> Argument:
    if isinstance(value, str) and _SIZE.fullmatch(value):
        return value
    if not isinstance(value, int) or value not in _NUMBERS:
        raise KtstrError(f"{where}={shown(value)}: must be a whole number of 64 bits, or sizeof(struct x)")
    return int(value)
