"""The accepted words nearest to one that is not accepted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["near", "nearest"]

_CUTOFF = 0.6


def nearest(word: str, accepted: Iterable[str], most: int = 1) -> list[str]:
    """The words of `accepted` most like `word`, at most `most`, the most alike first; none if nothing is alike."""
    # The dashes of options make all of them alike.
    names = {name.lstrip("-"): name for name in sorted(set(accepted))}
    found = difflib.get_close_matches(word.lstrip("-"), list(names), n=most, cutoff=_CUTOFF)
    return [names[name] for name in found]


def near(word: str, accepted: Iterable[str], most: int = 1) -> str:
    """The same as the end of a message: `; near is --kernel`, or nothing."""
    found = nearest(word, accepted, most)
    return f"; near is {', '.join(found)}" if found else ""
