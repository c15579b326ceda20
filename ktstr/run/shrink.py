"""The few elements of a list that make something fail, found in few tries: each try is a run of the guest.

In a list ordered by time, in which what failed stays failed, bisection finds the shortest prefix that fails: its last
element is needed. Bisection of those before it, with that one kept, finds the next, and so on until those found fail by
themselves. That takes about log2(n) + 1 tries for each, and is QuickXplain for a list: Junker, "QuickXplain: Preferred
Explanations and Relaxations for Over-Constrained Problems" (2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["shortest_prefix", "shrink"]

_T = TypeVar("_T")
_TRIES = 200
_FEW = 3


def shortest_prefix(
    items: Sequence[_T], fails: Callable[[Sequence[_T]], bool], guess: int | None = None
) -> list[_T]:
    """A prefix of `items` that fails although it passes without its last element. `items` must fail, the empty list
    must pass.

    `guess` is how long it may be, if that is known: two tries tell if that is right.
    """
    passing, failing = 0, len(items)

    def halve(middle: int) -> None:
        nonlocal passing, failing
        if fails(items[:middle]):
            failing = middle
        else:
            passing = middle

    for length in () if guess is None else (guess, guess - 1):
        if passing < length < failing:
            halve(length)
    while failing - passing > 1:
        halve((passing + failing) // 2)
    return list(items[:failing])


def shrink(items: Sequence[_T], fails: Callable[[Sequence[_T]], bool], tries: int = _TRIES) -> list[_T]:
    """A part of `items` that still fails and needs each of its elements, as far as `tries` calls of `fails` show.

    `items` itself must fail. `fails` must give the same answer for the same list. The order is kept.
    """
    asked = 0

    def still_fails(candidate: Sequence[_T]) -> bool:
        nonlocal asked
        asked += 1
        return asked <= tries and fails(candidate)

    def fails_with_few(some: Sequence[_T]) -> bool:
        return still_fails([*some, *few])

    left, few = list(items), list[_T]()
    while left and not fails_with_few([]):
        *left, needed = shortest_prefix(left, fails_with_few)
        few = [needed, *few]
    # An element that was needed with more others may not be with these: each shifts the times of all.
    at = 0
    while at < len(few):
        rest = few[:at] + few[at + 1 :]
        few, at = (rest, 0) if still_fails(rest) else (few, at + 1)
    return _part(few, still_fails) if len(few) > _FEW else few


def _part(many: list[_T], fails: Callable[[Sequence[_T]], bool]) -> list[_T]:
    """The first half, quarter and so on of `many` that fails by itself, shrunk; else `many`. So many are rarely needed:
    more likely less of them does not always pass where more does."""
    size = len(many)
    while size > 1:
        size = -(-size // 2)
        for at in range(0, len(many), size):
            if fails(part := many[at : at + size]):
                return shrink(part, fails)
    return many
