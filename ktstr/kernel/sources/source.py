"""A kernel's source code, ready to be built, and what a source of such code is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ktstr.kernel.spec import Exact, Latest, Longterm, Mainline, Major, Range, Series, Version

__all__ = ["Code", "CodeSource", "Offer", "Wish"]

Wish = Exact | Series | Major | Range | Latest | Longterm | Mainline
"""What a source of code can be asked for."""


@dataclass(frozen=True)
class Code:
    """A kernel's source code.

    `id` stands for its content in a build's key, `origin` says in words where it came from and how far that was
    verified. `place` returns the tree's folder: it may put the tree into the empty folder that it is given.
    """

    id: str
    origin: str
    place: Callable[[Path], Path]


@dataclass(frozen=True)
class Offer:
    """A version that a source publishes as code.

    `source` is the source's name, `where` says more in words, `size` is in bytes, None if it is not known beforehand.
    `fetch` downloads and verifies it; `id` is that of the code that `fetch` returns.
    """

    version: Version
    source: str
    where: str
    size: int | None
    id: str
    fetch: Callable[[], Code]

    @property
    def unfetched(self) -> Code:
        """Code that stands for the offer's in a build's key; it cannot be built."""
        return Code(self.id, self.where, lambda folder: folder)


class CodeSource(Protocol):
    """A source of code: a module of this folder that is listed in `offers.SOURCES`."""

    NAME: str
    """What the settings and `KTSTR_SOURCES` call it."""
    PREFIX: str
    """What chooses it in a spec (`kernel.org:7.0`)."""

    def offers(self, wish: Wish) -> list[Offer]:
        """What it has of `wish`, in no order; raises `Unreachable` without a network."""
        ...
