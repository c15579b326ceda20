"""Tables of text for a terminal and for a page of markdown, and the marks of grids; from rows of cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["MARKS", "Row", "mark_of", "markdown_table", "text_table", "width_of", "wrapped"]

MARKS = {"passed": "✅", "failed": "❌", "mixed": "🇽", "none": "-"}
"""The mark of each outcome in a grid."""
Row = Sequence[str]
"""The cells of a row, from left to right."""


def mark_of(passed: Iterable[bool]) -> str:
    """The key of MARKS for what passed or did not: all, none, some, or nothing at all."""
    seen = set(passed)
    return "mixed" if len(seen) == 2 else "none" if not seen else "passed" if True in seen else "failed"


def width_of(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


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
