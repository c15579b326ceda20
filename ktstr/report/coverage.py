"""Coverage for people: a table of files, and first what no test reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ktstr.instrument.coverage import FileCoverage
from ktstr.report.tables import text_table

__all__ = ["coverage_rows", "coverage_text", "line_percent", "never_reached", "ranges"]

_MOST_HEADLINES = 20
_MOST_RANGES = 12


def line_percent(coverage: Iterable[FileCoverage]) -> float:
    """The share of lines that were executed, in percent; 100 if there are none."""
    lines = [count for one in coverage for count in one.lines.values()]
    return _percent(lines)


def never_reached(coverage: Iterable[FileCoverage]) -> list[str]:
    """A sentence for each function that was never entered, and each branch that went only one way.

    Branches that were never executed, which are on lines that were not, are not told.
    """
    told = []
    for one in coverage:
        for name, entry in one.functions.items():
            if not entry.count:
                told.append(f"{name}: was never entered ({one.path}:{entry.line})")
        for branch, (jumped, passed) in one.branches.items():
            if bool(jumped) != bool(passed):
                way = "always taken" if jumped else "never taken"
                told.append(f"{branch.function}: the branch at {one.path}:{branch.line} was {way}")
    return list(dict.fromkeys(told))


def coverage_rows(coverage: Iterable[FileCoverage]) -> list[tuple[str, ...]]:
    """The table, its head first."""
    rows: list[tuple[str, ...]] = [("file", "functions", "lines", "branches", "", "not executed")]
    for one in coverage:
        entered = [entry.count for entry in one.functions.values()]
        ways = [count for both in one.branches.values() for count in both]
        missed = ranges(one.lines)
        shown = ", ".join(missed[:_MOST_RANGES]) + (", ..." if len(missed) > _MOST_RANGES else "")
        lines = list(one.lines.values())
        rows.append((one.path, _of(entered), _of(lines), _of(ways), f"{_percent(lines):.1f} %", shown or "-"))
    return rows


def coverage_text(coverage: Sequence[FileCoverage]) -> list[str]:
    """What no test reached, and the table."""
    told = never_reached(coverage)
    more = [f"(and {len(told) - _MOST_HEADLINES} more)"] if len(told) > _MOST_HEADLINES else []
    return [*told[:_MOST_HEADLINES], *more, *text_table(coverage_rows(coverage))]


def ranges(lines: Mapping[int, int]) -> list[str]:
    """The lines that were not executed, as ranges: lines without code between two of them do not part these."""
    groups: list[list[int]] = []
    open_group = False
    for line, count in sorted(lines.items()):
        if count:
            open_group = False
        elif open_group:
            groups[-1].append(line)
        else:
            groups.append([line])
            open_group = True
    return [str(group[0]) if len(group) == 1 else f"{group[0]}-{group[-1]}" for group in groups]


def _of(counts: Sequence[int]) -> str:
    return f"{sum(map(bool, counts))}/{len(counts)}"


def _percent(counts: Sequence[int]) -> float:
    return 100.0 * sum(map(bool, counts)) / len(counts) if counts else 100.0
