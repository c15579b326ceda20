"""The gauntlet's grid: a row for each preset, a column for each test, or for each kernel if there is one test."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.declare.fit import preset_of
from ktstr.declare.presets import PRESETS
from ktstr.report.case import NOT_PASSED, Case
from ktstr.report.console import WORDS
from ktstr.report.tables import MARKS, Row, mark_of, wrapped

__all__ = ["grid_lines", "grid_rows"]

_MOST_NAMED = 20


def grid_rows(cases: Sequence[Case]) -> list[Row]:
    """The rows of the grid, with a mark where a test ran: passed in all its variants there, in none, or in some."""
    by_kernel = len({_test(case) for case in cases}) == 1
    heads = list(dict.fromkeys(_head(case, by_kernel) for case in cases))
    order = {name: number for number, name in enumerate(PRESETS)}
    # One that fits no preset is skipped on a topology that is none: its own.
    rows = (place for case in cases if (place := _place(case)) in order or case.outcome != "skipped")
    places = sorted(dict.fromkeys(rows), key=lambda place: order.get(place, len(order)))
    marks = {
        (place, head): mark_of(
            case.outcome == "passed"
            for case in cases
            if case.outcome != "skipped" and (_place(case), _head(case, by_kernel)) == (place, head)
        )
        for place in places
        for head in heads
    }
    return [
        ("preset", *heads),
        *((place, *(MARKS[marks[place, head]] for head in heads)) for place in places),
    ]


def grid_lines(cases: Sequence[Case], columns: int) -> list[str]:
    """The grid for a terminal with `columns`: a summary, the table, and the variants that did not pass."""
    if not cases:
        return []
    rows = grid_rows(cases)
    marks = [mark for row in rows[1:] for mark in row[1:]]
    counts = "  ".join(f"{marks.count(MARKS[name])} {MARKS[name]}" for name in ("passed", "failed", "mixed"))
    lines = [f"gauntlet: {counts}", *(line for block in wrapped(rows, columns) for line in block)]
    bad = [case for case in cases if case.outcome in NOT_PASSED]
    lines += ["failing:"] if bad else []
    lines += [
        f" {WORDS[case.outcome]} {case.test} on {case.kernel.version}: {case.message}"
        for case in bad[:_MOST_NAMED]
    ]
    return lines + ([f" and {len(bad) - _MOST_NAMED} more"] if bad[_MOST_NAMED:] else [])


def _test(case: Case) -> str:
    return case.nodeid.partition("[")[0]


def _head(case: Case, by_kernel: bool) -> str:
    return case.kernel.version if by_kernel else _test(case).rpartition("::")[2]


def _place(case: Case) -> str:
    return preset_of(case.topology) or case.topology
