"""Variants of a scheduler: further arguments, values and files, each with a name; every test runs once with each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import mapping, shown, strings
from ktstr.declare.files import Inline, checked_files
from ktstr.declare.presets import PRESETS
from ktstr.declare.setting import Setting, checked_settings
from ktstr.declare.values import Value, checked_rodata, checked_values

__all__ = [
    "Kind",
    "Variant",
    "checked_variants",
    "chosen_variants",
    "flag_variants",
    "refuse_unknown_variants",
]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_MOST = 64
Kind = Literal["bpf", "program", "kernel"]
"""What a scheduler is: given as BPF, a program, or the kernel's own."""
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Variant:
    """What one variant of a scheduler has besides its declaration; see `declare_scheduler`."""

    sched_args: Sequence[str] = ()
    """Arguments after the declaration's."""
    rodata: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Constants, over the declaration's."""
    # Functions of two imports of one file differ.
    values: Mapping[str, Value | Callable[[Topology], Value]] = field(default_factory=dict, compare=False)
    """Values, over the declaration's."""
    files: Mapping[str, str | Path | Inline] = field(default_factory=dict, compare=False)
    """Files, over the declaration's."""
    enable: Sequence[Setting] = ()
    """What is written after the declaration's."""
    disable: Sequence[Setting] = ()
    """What is written before the declaration's."""


def checked_variants(given: object, where: str, *, kind: Kind) -> Mapping[str, Variant]:
    """`variants` of a declaration in the file `where`; KtstrError naming the one that is not acceptable.

    `kind` is what the scheduler is: given as BPF, a program, or the kernel's own.
    """
    variants: dict[str, Variant] = {}
    for name, value in mapping(given, "variants").items():
        of = f"variants[{name!r}]"
        _refuse_name(name, of)
        one = Variant(tuple(value)) if isinstance(value, list | tuple) else value
        if not isinstance(one, Variant):
            raise KtstrError(f"{of}={shown(value)}: must be a list of arguments, or Variant(...)")
        if one.sched_args and kind != "program":
            raise KtstrError(f"{of}: sched_args: only for a scheduler with a program of its own")
        if (one.rodata or one.values) and kind != "bpf":
            raise KtstrError(f"{of}: rodata and values: only for a scheduler declared with bpf=")
        if one.files and kind == "kernel":
            raise KtstrError(f"{of}: files: only for a scheduler with binary, binary_path or bpf")
        if (one.enable or one.disable) and kind != "kernel":
            raise KtstrError(f"{of}: enable and disable: only for the kernel's own scheduler")
        variants[name] = Variant(
            strings(one.sched_args, f"{of}: sched_args"),
            _prefixed(of, checked_rodata, one.rodata),
            _prefixed(of, checked_values, one.values),
            checked_files(one.files, where, f"{of}: files"),
            checked_settings(one.enable, f"{of}: enable"),
            checked_settings(one.disable, f"{of}: disable"),
        )
    if len(variants) > _MOST:
        raise KtstrError(f"variants: {len(variants)}: must be {_MOST} at most")
    return variants


def flag_variants(
    flags: Mapping[str, Sequence[str] | Variant], requires: Mapping[str, Sequence[str]] = _NONE
) -> dict[str, Variant]:
    """A variant for each set of `flags` that is complete: `default` without any, `a`, `b`, `a+b`, ...

    `requires` says of a flag which others a set with it must have: `{"steal": ["llc"]}` leaves out `steal` without
    `llc`. KtstrError for a flag that there is not, and if there are more than 64 variants.
    """
    given = {
        name: value if isinstance(value, Variant) else Variant(strings(value, f"flags[{name!r}]"))
        for name, value in mapping(flags, "flags").items()
    }
    for flag in given:
        if not _NAME.fullmatch(flag):
            raise KtstrError(f"flags: {flag!r}: must be letters, digits, '_', '-' or '.'")
    needs = {flag: frozenset(strings(others, f"requires[{flag!r}]")) for flag, others in requires.items()}
    for flag in (*needs, *(one for others in needs.values() for one in others)):
        if flag not in given:
            raise KtstrError(f"requires: {flag!r}: no such flag; there are {', '.join(given)}")
    found: dict[str, Variant] = {}
    for count in range(len(given) + 1):
        for some in combinations(given, count):
            if all(needs.get(flag, frozenset()) <= set(some) for flag in some):
                found["+".join(some) or "default"] = _joined([given[flag] for flag in some])
            if len(found) > _MOST:
                raise KtstrError(f"flags: {', '.join(given)}: make more than {_MOST} variants")
    return found


def chosen_variants(
    variants: Mapping[str, Variant], wanted: Sequence[str], excluded: Sequence[str]
) -> tuple[str, ...]:
    """The names of the variants that match one of `wanted` (none: all) and none of `excluded`.

    `a+b` matches each variant whose name has both of these words, in any order and with others.
    """
    return tuple(
        name
        for name in variants
        if (not wanted or any(_matches(name, one) for one in wanted))
        and not any(_matches(name, one) for one in excluded)
    )


def refuse_unknown_variants(variants: Mapping[str, Variant], names: Sequence[str], field: str) -> None:
    """KtstrError, naming `field`, for a name that no variant matches."""
    for name in names:
        if not any(_matches(one, name) for one in variants):
            known = f"there are {', '.join(variants)}" if variants else "it has no variants"
            raise KtstrError(f"{field}: {shown(name)}: the scheduler has no such variant; {known}")


def _matches(name: str, words: str) -> bool:
    return set(words.split("+")) <= set(name.split("+"))


def _joined(variants: Sequence[Variant]) -> Variant:
    """All of them in one; of two that set the same, the later one counts."""
    return Variant(
        tuple(word for one in variants for word in one.sched_args),
        {name: value for one in variants for name, value in one.rodata.items()},
        {name: value for one in variants for name, value in one.values.items()},
        {name: value for one in variants for name, value in one.files.items()},
        tuple(write for one in variants for write in one.enable),
        tuple(write for one in reversed(variants) for write in one.disable),
    )


def _refuse_name(name: str, field: str) -> None:
    if not all(_NAME.fullmatch(word) for word in name.split("+")):
        raise KtstrError(f"{field}: must be words of letters, digits, '_', '-' or '.', joined by '+'")
    # An id must say of each of its parts what it is.
    if re.fullmatch(r"seed\d+", name) or any(f"{name}-".startswith(f"{preset}-") for preset in PRESETS):
        raise KtstrError(f"{field}: would be taken for a seed or a preset in a test's id")


def _prefixed(of: str, check: Callable[[object], Any], given: object) -> Any:
    try:
        return check(given)
    except KtstrError as error:
        raise KtstrError(f"{of}: {error}") from None
