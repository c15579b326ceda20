"""What differs between two sides' code, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

from ktstr.compare.code import ChangedFunction, ComparedCode
from ktstr.report.coverage import ranges
from ktstr.report.text import printable

__all__ = ["code_json", "code_lines"]

_MOST_TESTS = 3


def code_lines(found: ComparedCode) -> list[str]:
    """A line for each function whose code changed, and one for the rest."""
    if found.missing:
        return [f"code: not compared: the runs of {found.missing} counted nothing; give them --coverage"]
    lines = [f"code: {_sentence(one)}" for one in found.changed]
    functions = f"{len(found.same)} function{'s' * (len(found.same) != 1)}"
    renamed = [f"{old} is called {new}" for old, new in found.renamed]
    same = f"code: the same in {functions}" + (f" ({', '.join(renamed)})" if renamed else "")
    return [printable(line) for line in (*lines, *([same] if found.same or not lines else []))]


def code_json(found: ComparedCode) -> Mapping[str, Any]:
    """The same as data."""
    return {
        "changed": [{**asdict(one), "lines": [list(line) for line in one.lines]} for one in found.changed],
        "same": sorted(found.same),
        "renamed": [list(both) for both in found.renamed],
        "not_counted": found.missing or None,
    }


def _sentence(one: ChangedFunction) -> str:
    if one.before is None:
        told = f"{one.name}: is new, {one.after} instructions"
    elif one.after is None:
        told = f"{one.name}: is gone, {one.before} instructions"
    else:
        told = f"{one.name}: +{one.added} -{one.removed} instructions of {one.before}"
        where = _where(one.lines)
        told += f", at {where}" if where else ""
        if one.cost:
            told += f"; a call takes {one.cost[1]} instructions, {one.cost[0]} before (medians)"
    more = f" and {len(one.tests) - _MOST_TESTS} more" if len(one.tests) > _MOST_TESTS else ""
    return f"{told} (in {', '.join(one.tests[:_MOST_TESTS])}{more})"


def _where(lines: Iterable[tuple[str, int]]) -> str:
    """Lines by file: `mine.bpf.c:3-5, 9`; those that belong to no line are left out."""
    known = [line for line in lines if line[1]]
    return ", ".join(
        f"{path}:{', '.join(ranges(_only(number for _, number in some)))}"
        for path, some in groupby(known, key=lambda line: line[0])
    )


def _only(numbers: Iterable[int]) -> Mapping[int, int]:
    """The numbers as lines that were not executed, with those between them that were."""
    listed = sorted(numbers)
    return {number: number not in listed for number in range(listed[0], listed[-1] + 1)} if listed else {}
