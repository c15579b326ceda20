"""A check's message for many cases at once: the worst, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ktstr.checks.violation import Finding

__all__ = ["Case", "worst"]


@dataclass(frozen=True)
class Case:
    """One violation of a check, and by how much it exceeds the limit: the worst one has the most."""

    excess: float
    message: str
    """Who, the measured value and the limit, in one line."""
    at_ns: int | None = None
    """The guest time, in ns since boot; None: not known."""
    victim: int | None = None
    """The number of the worker that waited; None: none did."""


def worst(cases: Sequence[Case], more: str) -> Iterator[Finding]:
    """The worst of `cases`, if there is one; with several also how many more `more` says it of."""
    if cases:
        one = max(cases, key=lambda case: case.excess)
        others = f" ({len(cases) - 1} more {more})" if len(cases) > 1 else ""
        yield Finding(f"{one.message}{others}", one.at_ns, one.victim)
