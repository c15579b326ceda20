"""Binary search in a history: the first revision that behaves like the new end and not like the old one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Found", "History", "ListHistory", "Side", "most_runs", "search"]

Side = Literal["old", "new"]
"""Whether a revision behaves like the earlier end or like the later one."""


class History(Protocol):
    """The revisions between two ends: a list, or a graph such as git's."""

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """The revisions that may be the first to behave like `new`, given that the revisions `old` do not.

        That is `new` itself, which comes last, and its ancestors. The one whose test splits them best comes first.
        """
        ...


@dataclass(frozen=True)
class ListHistory:
    """A linear history, the oldest revision first."""

    revisions: Sequence[str]

    def suspects(self, old: Collection[str], new: str) -> Sequence[str]:
        """See History."""
        last = self.revisions.index(new)
        first = max(self.revisions.index(one) for one in old) + 1
        left = self.revisions[first : last + 1]
        # Testing the revision at `index` leaves either it and those before it, or those after it.
        order = sorted(range(len(left) - 1), key=lambda index: abs(2 * (index + 1) - len(left)))
        return [*(left[index] for index in order), new]


@dataclass(frozen=True)
class Found:
    """The suspects that remain: the first revision alone, or several of which all but the last could not be judged."""

    suspects: tuple[str, ...]


def most_runs(suspects: int) -> int:
    """How many runs it takes at most to find the one among so many suspects, if each can be judged."""
    return (suspects - 1).bit_length()


def search(history: History, old: str, new: str, judge: Callable[[str, int], Side | None]) -> Found:
    """Find the first revision that behaves like `new`.

    `judge` takes a revision and the number of suspects, and returns the end that the revision behaves like, or None if
    it cannot be judged. It is called at most once for each revision.
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
