"""What a strategy draws of a stop: how many instructions it comes later, and how long it is."""

from __future__ import annotations

import random

__all__ = ["MOST_SKIP", "drawn_ns", "drawn_skip"]

MOST_SKIP = 12
"""The most instructions after the begin of a block at which a stop begins."""


def drawn_skip(source: random.Random) -> int:
    """0 every other time, else up to MOST_SKIP."""
    return source.choice((0, source.randint(1, MOST_SKIP)))


def drawn_ns(source: random.Random, shortest_ns: int, longest_ns: int) -> int:
    """A length between both, in guest ns: each doubling is as likely as any other."""
    factor: float = (longest_ns / shortest_ns) ** source.random()
    return round(shortest_ns * factor)
