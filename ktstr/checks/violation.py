"""A check that a run did not pass."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Violation"]


@dataclass(frozen=True)
class Violation:
    """A check that failed."""

    check: str
    """The name of the check."""
    message: str
    """Who, the measured value and the limit, in one line."""
