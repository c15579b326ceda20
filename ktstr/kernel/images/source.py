"""A published kernel image, and what a source of such images is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Version

__all__ = ["Image", "ImageSource"]


@dataclass(frozen=True)
class Image:
    """A kernel image that a source publishes.

    `release` is what `uname -r` prints in its guest, `key` its key in the cache, `source` the name of its source.
    `where` says in words where it is published and how far that was verified. `size` is the download in bytes.
    `longterm` says whether its source maintains the series for years. `fetch` gives the kernel, downloaded and verified
    unless the cache has it; it raises NotFound if the source no longer has the image, `Unreachable` without a network.
    """

    version: Version
    release: str
    key: str
    source: str
    where: str
    size: int
    longterm: bool
    fetch: Callable[[], Kernel]


class ImageSource(Protocol):
    """A source of kernel images: one that is listed in `index.SOURCES` or `index.NAMED`."""

    @property
    def NAME(self) -> str:
        """What chooses it in a spec (`debian:7.0`), and its kernels' keys have after the version."""
        ...

    @property
    def TITLE(self) -> str:
        """What messages call it (`the Debian mirror`)."""
        ...

    def address(self) -> str:
        """Where it looks, for messages."""
        ...

    def images(self, *, refresh: bool = False) -> list[Image]:
        """The images for this host's machine; `refresh` asks for an index that is newer than the one in the cache.

        Raises `Unreachable` without a network, KtstrError if there is no such source at its address.
        """
        ...
