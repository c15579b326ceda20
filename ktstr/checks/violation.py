"""A check that a run did not pass."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Violation"]


@dataclass(frozen=True)
class Violation:
    """A check that failed: its name, and one line with who, the measured value and the limit."""

    check: str
    message: str
