"""The search: between a revision that is one way and a later one that is another, the first that is the other way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Found", "History", "ListHistory", "Side", "most_runs", "search"]

Side = Literal["old", "new"]
"""Whether a revision is as the earlier end is, or as the later one."""


class History(Protocol):
    """The revisions between two ends, in whatever order they came to be."""

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """Those that may be the first that is as `new` is, given some that are not, `old`: `new` and what led to it.

        The one whose test divides them best comes first, `new` last.
        """
        ...


@dataclass(frozen=True)
class ListHistory:
    """Revisions one after another."""

    revisions: Sequence[str]

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """See History."""
        last = self.revisions.index(new)
        first = max(self.revisions.index(one) for one in old) + 1
        left = self.revisions[first : last + 1]
        # Tested, the one at `index` leaves itself and those before it, or those behind it.
        order = sorted(range(len(left) - 1), key=lambda index: abs(2 * (index + 1) - len(left)))
        return [*(left[index] for index in order), new]


@dataclass(frozen=True)
class Found:
    """What is left of the suspects: one, the first; or several, all but the last of which could not be judged."""

    suspects: tuple[str, ...]


def most_runs(suspects: int) -> int:
    """The runs it takes to tell that many apart, where each can be judged."""
    return (suspects - 1).bit_length()


def search(history: History, old: str, new: str, judge: Callable[[str, int], Side | None]) -> Found:
    """Find the first that is as `new` is.

    `judge` is given a revision and how many suspects there are, and says which end it is like; None where that cannot
    be told. It is asked once for each.
    """
    known_old, skipped = {old}, set()
    while True:
        left = history.suspects(known_old, new)
        untried = [one for one in left if one != new and one not in skipped]
        if not untried:
            return Found(tuple(left))
        side = judge(untried[0], len(left))
        if side == "old":
            known_old.add(untried[0])
        elif side == "new":
            new = untried[0]
        else:
            skipped.add(untried[0])
