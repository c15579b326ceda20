"""A kernel's source code, ready to be built, and what the sources of such code offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ktstr.kernel.spec import Exact, Latest, Longterm, Mainline, Major, Range, Series, Version

__all__ = ["Code", "Offer", "Source", "Wish"]

# What a source of code can be asked for.
Wish = Exact | Series | Major | Range | Latest | Longterm | Mainline


@dataclass(frozen=True)
class Code:
    """A kernel's source code.

    `id` stands for its content in a build's key, `origin` says in words where it came from and how far that was
    verified. `place` gives the tree's folder: it may put the tree into the empty folder that it is given.
    """

    id: str
    origin: str
    place: Callable[[Path], Path]


@dataclass(frozen=True)
class Offer:
    """A version that a source publishes as code: `source` names the source, `where` says more, `size` is in bytes
    where it is known beforehand. `fetch` downloads and verifies it; `id` is that of the code that it gives."""

    version: Version
    source: str
    where: str
    size: int | None
    id: str
    fetch: Callable[[], Code]


class Source(Protocol):
    """Where code comes from."""

    def __call__(self, wish: Wish) -> list[Offer]:
        """What there is of `wish`, in no order; raises `Unreachable` without a network."""
        ...
