"""What a sweep prints: the table of costs, the grid, the failing combinations. Text and markdown, from data."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from ktstr.verifier.cell import CellResult

__all__ = ["MARKS", "failing", "grid", "insns_table", "span", "summary_line", "text_table", "wrapped"]

MARKS = {"passed": "✅", "failed": "❌", "mixed": "🇽", "none": "-"}
"""The mark of each outcome in a grid."""
Row = Sequence[str]


def width_of(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def span(values: Sequence[int]) -> str:
    """`lo..hi`, one number if they are equal, `-` for none."""
    if not values:
        return "-"
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}..{high}"


def text_table(rows: Sequence[Row]) -> list[str]:
    """Rows in aligned columns, a space before each line."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    return [
        " "
        + "  ".join(
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def wrapped(rows: Sequence[Row], columns: int) -> list[list[str]]:
    """The table as text in as many blocks as fit `columns` of a terminal; each repeats the first column."""
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    blocks: list[list[str]] = []
    first = 1
    while first < len(widths):
        last, used = first, 1 + widths[0]
        while last < len(widths) and (last == first or used + 2 + widths[last] <= columns):
            used += 2 + widths[last]
            last += 1
        blocks.append(text_table([[row[0], *row[first:last]] for row in rows]))
        first = last
    return blocks or [text_table(rows)]


def markdown_table(rows: Sequence[Row]) -> list[str]:
    """Rows as a table of GitHub's markdown; the first is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def insns_table(results: Sequence[CellResult], scheduler: str) -> list[Row]:
    """Verified instructions of one scheduler: one row per kernel, one column per program, the range over topologies."""
    own = [result for result in results if result.cell.scheduler.name == scheduler]
    names = sorted({name for result in own for name in result.insns})
    rows: list[Row] = [("kernel", *names)]
    for kernel in dict.fromkeys(result.cell.kernel_name for result in own):
        counts = [result.insns for result in own if result.cell.kernel_name == kernel]
        rows.append((kernel, *(span([count[name] for count in counts if name in count]) for name in names)))
    return rows


def grid(results: Sequence[CellResult]) -> list[Row]:
    """Topologies by schedulers, a mark for each pair: passed on every kernel, failed on every one, or mixed."""
    schedulers = sorted({result.cell.scheduler.name for result in results})
    pairs = _pairs(results)
    rows: list[Row] = [("topology", *schedulers)]
    for preset in sorted({result.cell.preset for result in results}):
        rows.append((preset, *(MARKS[pairs.get((preset, name), "none")] for name in schedulers)))
    return rows


def summary_line(results: Sequence[CellResult]) -> str:
    """`4 ✅  0 ❌  0 🇽`: the grid's marks, counted."""
    marks = list(_pairs(results).values())
    return "  ".join(f"{marks.count(mark)} {MARKS[mark]}" for mark in ("passed", "failed", "mixed"))


def failing(results: Sequence[CellResult]) -> list[tuple[str, str]]:
    """The cells that did not pass, by name, and why."""
    bad = [result for result in results if result.outcome != "passed"]
    return [(result.cell.name, result.message) for result in bad]


def _pairs(results: Sequence[CellResult]) -> Mapping[tuple[str, str], str]:
    outcomes: dict[tuple[str, str], set[bool]] = {}
    for result in results:
        key = (result.cell.preset, result.cell.scheduler.name)
        outcomes.setdefault(key, set()).add(result.outcome == "passed")
    return {
        key: "mixed" if len(seen) == 2 else "passed" if True in seen else "failed"
        for key, seen in sorted(outcomes.items())
    }
