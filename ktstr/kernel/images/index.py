"""The published images of all sources."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.download import Unreachable
from ktstr.kernel.images import debian, fedora, ubuntu
from ktstr.kernel.images.source import Image, ImageSource

__all__ = ["NAMED", "SOURCES", "ImageIndex"]

SOURCES: tuple[ImageSource, ...] = (debian.CLOUD,)
"""The sources that a version means, asked in this order. The first that publishes a kernel provides it."""
NAMED: tuple[ImageSource, ...] = (debian.GENERIC, debian.REALTIME, ubuntu.UBUNTU, fedora.FEDORA)
"""The sources whose kernels are meant only where their name is before the version (`debian-rt:7.0`)."""


class ImageIndex:
    """What the sources publish, asked for when it is first needed, and once; without `sources` it is SOURCES."""

    def __init__(self, *, refresh: bool = False, sources: Sequence[ImageSource] | None = None) -> None:
        self._refresh = refresh
        self._sources = SOURCES if sources is None else sources
        self._found: list[Image] | Unreachable | None = None

    def only(self, name: str) -> ImageIndex:
        """The same of one source, which may be one of NAMED."""
        sources = [one for one in (*SOURCES, *NAMED) if name == one.NAME]
        return ImageIndex(refresh=self._refresh, sources=sources)

    @property
    def title(self) -> str:
        """What messages call the sources."""
        return " and ".join(source.TITLE for source in self._sources)

    @property
    def address(self) -> str:
        """Where the sources look, for messages."""
        return ", ".join(source.address() for source in self._sources)

    def images(self) -> list[Image]:
        """The images of all sources that can be reached; raises `Unreachable` if none can."""
        if self._found is None:
            self._found = self._ask()
        if isinstance(self._found, Unreachable):
            raise self._found
        return self._found

    def _ask(self) -> list[Image] | Unreachable:
        found: dict[str, Image] = {}
        unreachable: list[Unreachable] = []
        for source in self._sources:
            try:
                for image in source.images(refresh=self._refresh):
                    found.setdefault(image.key, image)
            except Unreachable as error:
                unreachable.append(error)
        return unreachable[0] if len(unreachable) == len(self._sources) else list(found.values())
