"""Words and numbers as a page shows them. What others wrote is made harmless here, and not longer than it may be."""

from __future__ import annotations

import re

from ktstr.report.text import printable

__all__ = [
    "MARKS",
    "OUTCOMES",
    "bounded",
    "duration",
    "harmless",
    "nanoseconds",
    "natural",
    "plain",
    "seconds",
    "worst",
]

OUTCOMES = ("failed", "error", "inconclusive", "passed", "skipped")
"""How tests end, the worst first."""
MARKS = {"failed": "✗", "error": "!", "inconclusive": "?", "passed": "✓", "skipped": "-"}
"""The sign of each outcome, so that it is not told by colour alone."""
# What turns the direction of the text around it: a page would show other names than there are.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_LINE = 300
_NUMBERED = re.compile(r"(\D*)(\d*)")


def plain(text: object, most: int = _LONGEST_LINE) -> str:
    """`text` in one line of at most `most` characters, with nothing that a page or a terminal obeys."""
    line = " ".join(bounded(str(text), 4 * most).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def bounded(text: str, most: int) -> str:
    """The first `most` characters of `text`, made harmless; a last line says how many are left out."""
    left = len(text) - most
    shown = harmless(text[:most])
    return f"{shown}\n[{left:,} more characters]" if left > 0 else shown


def harmless(text: str) -> str:
    """`text` with nothing that a terminal obeys, and nothing that turns the text around it."""
    return _TURNING.sub("\N{REPLACEMENT CHARACTER}", printable(text))


def nanoseconds(value: object) -> int:
    """`value` as a duration or moment in ns; ValueError if it is none that a guest can have."""
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise ValueError(f"no duration in ns: {plain(value, 40)}")
    return value


def duration(ns: float) -> str:
    """A duration with three digits and its unit: `4.13 ms`."""
    for limit, unit in ((1e3, "ns"), (1e6, "µs"), (1e9, "ms")):
        if ns < limit:
            return f"{_three(ns / (limit / 1e3))} {unit}"
    return f"{_three(ns / 1e9)} s"


def seconds(value: float) -> str:
    """Host seconds: `0.4 s`, `12 s`, `3 min 20 s`."""
    if value < 9.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def natural(text: str) -> list[tuple[str, int]]:
    """The order of names in which 9 comes before 10."""
    return [(word, int(number[:9] or 0)) for word, number in _NUMBERED.findall(text)]


def worst(outcomes: list[str]) -> str:
    """The worst of some outcomes; at least one."""
    return min(outcomes, key=OUTCOMES.index)


def _three(number: float) -> str:
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
