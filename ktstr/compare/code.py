"""What differs between the code of two sides' schedulers, of runs that counted instructions (--coverage).

It is exact: the code that the kernel made of each function is compared, and not how often it ran. So a change of one
instruction is seen, and what only has another name or other lines is no change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.compare.samples import Key, key_of
from ktstr.compare.sides import Side
from ktstr.instrument.code import FunctionCode, codes_from_json
from ktstr.instrument.cost import FunctionCost, costs_from_json, merged_costs

__all__ = [
    "ChangedFunction",
    "ComparedCode",
    "CountedCode",
    "changed_code",
    "compared_code",
    "counted_code",
]

Line = tuple[str, int]
Codes = tuple[FunctionCode, ...]


@dataclass(frozen=True)
class ChangedFunction:
    """A function whose code differs.

    `before` and `after` are how many instructions it has (None: that side does not have it), `removed` and `added` how
    many of them the other side does not have, at the `lines` of the second side, or, if there nothing was added, at
    those of the first. `cost` is the median call's on both sides, where both have calls. `tests` have it.
    """

    name: str
    callback: bool
    before: int | None
    after: int | None
    removed: int
    added: int
    lines: tuple[Line, ...]
    cost: tuple[int, int] | None
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedCode:
    """What differs.

    `same` are the functions that have the same code in all tests; `renamed` has those with another name, as
    `(before, after)`. `missing`: which side counted nothing, `before` or `after`; empty if both counted.
    """

    changed: tuple[ChangedFunction, ...]
    same: frozenset[str]
    renamed: tuple[tuple[str, str], ...]
    missing: str = ""


@dataclass(frozen=True)
class CountedCode:
    """What was counted in a test: its functions' code by name, and what each cost."""

    codes: Mapping[str, tuple[FunctionCode, ...]]
    costs: Mapping[str, FunctionCost]


def compared_code(before: Side, after: Side) -> ComparedCode | None:
    """The code of the tests that are on both sides; None if no side counted any.

    KtstrError for a file of counts that cannot be read.
    """
    old, new = _counted(before), _counted(after)
    if not old and not new:
        return None
    if not old or not new:
        return ComparedCode((), frozenset(), (), "after" if old else "before")
    return _together({key: changed_code(old[key], new[key]) for key in sorted(old.keys() & new.keys())})


def changed_code(before: CountedCode, after: CountedCode) -> ComparedCode:
    """What differs between the code of two runs."""
    pairs, renamed = _paired(before.codes, after.codes)
    changed = []
    same: set[str] = set()
    for one, other in pairs:
        name = (other or one)[0].name
        if _forms(one) == _forms(other):
            same.add(name)
        else:
            changed.append(_changed(one, other, _cost(name, before, after)))
    return ComparedCode(tuple(changed), frozenset(same), tuple(sorted(renamed)))


def counted_code(codes: Iterable[FunctionCode], costs: Iterable[FunctionCost] = ()) -> CountedCode:
    """The code of a run, of which some functions may have been loaded in several forms, and their costs."""
    found: dict[str, dict[tuple[str, ...], FunctionCode]] = {}
    for code in codes:
        found.setdefault(code.name, {})[code.insns] = code
    return CountedCode(
        {name: tuple(some[key] for key in sorted(some)) for name, some in found.items()},
        {one.name: one for one in costs},
    )


def _together(found: Mapping[Key, ComparedCode]) -> ComparedCode:
    """That of several tests; the functions that are the same are those that changed in none."""
    tests: dict[ChangedFunction, list[str]] = {}
    for key, one in found.items():
        for function in one.changed:
            tests.setdefault(function, []).append(key.test)
    changed = [replace(one, tests=tuple(some)) for one, some in tests.items()]
    return ComparedCode(
        tuple(sorted(changed, key=lambda one: (not one.callback, one.name))),
        frozenset(name for one in found.values() for name in one.same) - {one.name for one in changed},
        tuple(sorted({both for one in found.values() for both in one.renamed})),
    )


def _counted(side: Side) -> dict[Key, CountedCode]:
    """What was counted in each test of a side; of several runs of a test, in the newest."""
    found = {}
    for sidecar in sorted(side.sidecars, key=lambda one: str(one["started"])):
        names = [str(run["coverage"]) for run in sidecar["runs"] if run.get("coverage")]
        files = [file for name in names if (file := _file(side, sidecar, name))]
        if files:
            found[key_of(sidecar)] = _read(files)
    return found


def _file(side: Side, sidecar: Mapping[str, Any], name: str) -> Path | None:
    """The file of that name beside the sidecar, of the newest run that has one."""
    version = str(sidecar["kernel"]["version"])
    for run in reversed(side.runs):
        for part in run.parts:
            if version in part.tests["kernels"] and (path := part.path / name).is_file():
                return path
    return None


def _read(files: Iterable[Path]) -> CountedCode:
    codes: list[FunctionCode] = []
    costs = []
    for path in files:
        try:
            data = json.loads(path.read_text(encoding="ascii"))
            codes += codes_from_json(data.get("code", ()))  # the first runs that counted kept none
            costs.append(costs_from_json(data["costs"]))
        except (OSError, ValueError, KeyError, AttributeError, KtstrError) as error:
            raise KtstrError(f"{path}: the run's counts cannot be read: {error}") from None
    return counted_code(codes, merged_costs(costs))


def _paired(
    before: Mapping[str, Codes], after: Mapping[str, Codes]
) -> tuple[list[tuple[Codes, Codes]], list[tuple[str, str]]]:
    """The functions of both sides in pairs, empty for a side that has none, and the names that changed.

    A function of one side alone is paired with one of the other side alone that has the same code.
    """
    pairs = [(before[name], after[name]) for name in before if name in after]
    left = [name for name in before if name not in after]
    right = [name for name in after if name not in before]
    renamed = []
    for name in left:
        other = next((one for one in right if _forms(after[one]) == _forms(before[name])), None)
        if other:
            right.remove(other)
            renamed.append((name, other))
        pairs.append((before[name], after[other] if other else ()))
    return [*pairs, *(((), after[name]) for name in right)], renamed


def _forms(codes: Codes) -> tuple[tuple[str, ...], ...]:
    return tuple(one.insns for one in codes)


def _changed(before: Codes, after: Codes, cost: tuple[int, int] | None) -> ChangedFunction:
    some = (after or before)[0]
    removed = added = 0
    old_lines: list[Line] = []
    new_lines: list[Line] = []
    if before and after:
        old, new = before[0], after[0]
        for i1, i2, j1, j2 in _edits(old.insns, new.insns):
            removed, added = removed + i2 - i1, added + j2 - j1
            old_lines += old.lines[i1:i2]
            new_lines += new.lines[j1:j2]
    return ChangedFunction(
        name=some.name,
        callback=some.callback,
        before=len(before[0].insns) if before else None,
        after=len(after[0].insns) if after else None,
        removed=removed,
        added=added,
        lines=tuple(dict.fromkeys(sorted(new_lines or old_lines))),
        cost=cost,
    )


def _edits(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """The ranges of both that differ. Jumps whose distance alone differs count only if nothing else does: they go over
    what was put in."""
    kinds = [_kind(text) for text in before], [_kind(text) for text in after]
    for old, new in (kinds, (before, after)):
        matched = SequenceMatcher(None, old, new, autojunk=False)
        edits = [edit[1:] for edit in matched.get_opcodes() if edit[0] != "equal"]
        if edits:
            yield from edits
            return


def _kind(text: str) -> str:
    """A jump within its function without its distance; another instruction as it is."""
    return text.partition("+")[0].partition("-")[0]


def _cost(name: str, before: CountedCode, after: CountedCode) -> tuple[int, int] | None:
    medians = [some.costs[name].median if name in some.costs else None for some in (before, after)]
    return None if medians[0] is None or medians[1] is None else (medians[0], medians[1])
