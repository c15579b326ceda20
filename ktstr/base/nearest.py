"""The accepted words nearest to one that is not accepted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["near", "nearest"]

_CUTOFF = 0.6


def nearest(word: str, accepted: Iterable[str], most: int = 1) -> list[str]:
    """The words of `accepted` most like `word`, at most `most`, the most alike first; none if nothing is alike."""
    return difflib.get_close_matches(word, sorted(set(accepted)), n=most, cutoff=_CUTOFF)


def near(word: str, accepted: Iterable[str], most: int = 1) -> str:
    """The same as the end of a message: `; near is --kernel`, or nothing."""
    found = nearest(word, accepted, most)
    return f"; near is {', '.join(found)}" if found else ""
