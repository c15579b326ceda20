"""The published images of all sources."""

from __future__ import annotations

from ktstr.base.download import Unreachable
from ktstr.kernel.images import debian
from ktstr.kernel.images.source import Image, ImageSource

__all__ = ["SOURCES", "ImageIndex"]

SOURCES: tuple[ImageSource, ...] = (debian,)
"""The sources, asked in this order. The first that publishes a kernel provides it."""


class ImageIndex:
    """What the sources publish, asked for when it is first needed, and once."""

    def __init__(self, *, refresh: bool = False) -> None:
        self._refresh = refresh
        self._found: list[Image] | Unreachable | None = None

    @property
    def title(self) -> str:
        """What messages call the sources."""
        return " and ".join(source.TITLE for source in SOURCES)

    @property
    def address(self) -> str:
        """Where the sources look, for messages."""
        return ", ".join(source.address() for source in SOURCES)

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
        for source in SOURCES:
            try:
                for image in source.images(refresh=self._refresh):
                    found.setdefault(image.key, image)
            except Unreachable as error:
                unreachable.append(error)
        return unreachable[0] if len(unreachable) == len(SOURCES) else list(found.values())
