"""The source of a scheduler with how often each line was executed, as long as a page can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ktstr.instrument.coverage import FileCoverage
from ktstr.pages.words import bounded, plain

__all__ = ["Line", "Listing", "listings_of"]

_AROUND = 4  # lines shown before and after those that have code
_MOST_LINES = 4000  # of all sources on a page
_LONGEST = 160


@dataclass(frozen=True)
class Line:
    """A line of a source."""

    number: int
    count: int | None
    """How often it was executed; None if it has no code."""
    text: str
    ways: str
    """Which of its branches went only one way, in words; empty if none did."""
    gap: bool
    """Whether lines without code are left out before it."""


@dataclass(frozen=True)
class Listing:
    """A source."""

    path: str
    lines: Sequence[Line]
    """Its lines; none if they would make the page too long."""
    missed: int
    """How many of its lines were not executed."""
    known: bool
    """Whether its text is there; if not, the lines have none."""


def listings_of(coverage: Sequence[FileCoverage], sources: Mapping[str, str]) -> list[Listing]:
    """The sources, those with the most lines that were not executed first; the last ones have no room for theirs."""
    found, room = [], _MOST_LINES
    for one in sorted(coverage, key=lambda one: (-_missed(one), one.path)):
        lines = _lines(one, sources.get(one.path))
        fits = len(lines) <= room
        room -= len(lines) if fits else 0
        found.append(Listing(plain(one.path, 160), lines if fits else (), _missed(one), one.path in sources))
    return found


def _missed(one: FileCoverage) -> int:
    return sum(not count for count in one.lines.values())


def _lines(one: FileCoverage, text: str | None) -> list[Line]:
    texts = (text or "").split("\n")
    ways = _ways(one)
    shown = set(one.lines)
    if text is not None:
        near = {at + step for at in one.lines for step in range(-_AROUND, _AROUND + 1)}
        shown |= {number for number in near if 0 < number <= len(texts)}
    lines, before = [], 0
    for number in sorted(shown):
        code = texts[number - 1] if 0 < number <= len(texts) else ""
        code = bounded(code.expandtabs(8).rstrip()[:_LONGEST], _LONGEST)
        gap = bool(before) and number > before + 1 and text is not None
        lines.append(Line(number, one.lines.get(number), code, ways.get(number, ""), gap))
        before = number
    return lines


def _ways(one: FileCoverage) -> Mapping[int, str]:
    """The branches of executed lines that went only one way, by line."""
    found: dict[int, list[str]] = defaultdict(list)
    for branch, (jumped, passed) in one.branches.items():
        if bool(jumped) != bool(passed):
            found[branch.line].append("always taken" if jumped else "never taken")
    return {line: f"branch {', '.join(dict.fromkeys(words))}" for line, words in found.items()}
