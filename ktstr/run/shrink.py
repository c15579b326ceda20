"""Delta debugging: the few elements of a list that make something fail.

In a list ordered by time, in which what failed stays failed, bisection finds the shortest prefix that fails; its last
element is the culprit. Which elements before it are needed as well is found by ddmin: Zeller and Hildebrandt,
"Simplifying and Isolating Failure-Inducing Input" (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["shortest_prefix", "shrink"]

_T = TypeVar("_T")


def shortest_prefix(items: Sequence[_T], fails: Callable[[Sequence[_T]], bool]) -> list[_T]:
    """A prefix of `items` that fails although it passes without its last element. `items` must fail, the empty list
    must pass."""
    passing, failing = 0, len(items)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if fails(items[:middle]):
            failing = middle
        else:
            passing = middle
    return list(items[:failing])


def shrink(items: Sequence[_T], fails: Callable[[Sequence[_T]], bool], tries: int = 200) -> list[_T]:
    """A part of `items` that still fails and needs each of its elements, as far as `tries` calls of `fails` show.

    `items` itself must fail. `fails` must give the same answer for the same list. The order is kept.
    """
    left = list(items)
    parts = 2
    asked = 0

    def still_fails(candidate: Sequence[_T]) -> bool:
        nonlocal asked
        asked += 1
        return asked <= tries and fails(candidate)

    if left and still_fails([]):
        return []
    while len(left) >= 2:
        size = -(-len(left) // parts)
        chunks = [left[at : at + size] for at in range(0, len(left), size)]
        for index, chunk in enumerate(chunks):
            if parts > 2 and len(chunk) < len(left) and still_fails(chunk):
                left, parts = chunk, 2
                break
            rest = [item for other, part in enumerate(chunks) if other != index for item in part]
            if still_fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(left):
                break
            parts = min(len(left), 2 * parts)
        if asked > tries:
            break
    return left
