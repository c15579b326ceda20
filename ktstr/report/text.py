"""Text to be shown and stored: guests' output made printable, and tables."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path

__all__ = ["ago", "aligned", "first_line", "hanging", "printable", "relative", "size"]

_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# What XML 1.0 cannot carry (section 2.2), and the C1 controls, which terminals obey.
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """`text` with lines ended by newlines and nothing that a terminal obeys or XML refuses.

    Consoles send colours, NULs and broken UTF-8. Colours are dropped, anything else is marked by U+FFFD.
    """
    text = _ESCAPE_SEQUENCE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows as lines of aligned columns, two spaces apart; the columns numbered in `right` are flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def first_line(text: str) -> str:
    """The first line of `text` that says something, or nothing."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def relative(path: Path) -> str:
    """`path` from where the user is, if it is below there."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def ago(seconds: int) -> str:
    """How long something is ago, in its greatest unit: `3 h ago`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def size(count: int) -> str:
    """Bytes in powers of ten, as disks and the cache's limit are counted: `62.0 MB`."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def hanging(title: str, text: str, indent: int, columns: int) -> list[str]:
    """`text` beside a title, broken into lines of at most `columns`; a word that is longer stays whole."""
    lines = textwrap.wrap(text, columns - indent, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{title:{indent}}{lines[0]}".rstrip(), *(" " * indent + line for line in lines[1:])]
