"""The files that a C program is made of, and the key of what is made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.per_environment import per_environment
from ktstr.base.stamp import Stamp, stamp_of

__all__ = ["SourceFiles"]


@dataclass(frozen=True)
class SourceFiles:
    """C `sources`, the folders of headers that they include, and `parts`, included files that are no headers."""

    sources: tuple[Path, ...]
    includes: tuple[Path, ...] = ()
    parts: tuple[Path, ...] = ()

    def key(self, how: tuple[str, ...], archives: tuple[Path, ...] = ()) -> str:
        """A key over names and contents, the `archives` that are linked, and `how` all is compiled."""
        stamps = (
            *map(stamp_of, (*self.sources, *archives, *self.parts)),
            *_header_stamps({source.parent for source in self.sources}),
        )
        return _key(self, how, archives, stamps)


@per_environment
def _key(
    files: SourceFiles, how: tuple[str, ...], archives: tuple[Path, ...], _stamps: tuple[Stamp | None, ...]
) -> str:
    """The key: found once for the same stamps of the files and of the headers beside the sources.

    Those of `includes` are ktstr's own and libbpf's, which a process takes to be as it first found them.
    """
    folders = sorted({source.parent for source in files.sources}) + list(files.includes)
    return cache.digest(
        *how,
        *(part for source in files.sources for part in (source.name, source.read_bytes())),
        *(_headers_digest(folder) for folder in folders),
        *(cache.file_digest(path) for path in (*archives, *files.parts)),
    )


def _header_stamps(folders: Iterable[Path | str]) -> Iterator[Stamp | None]:
    """The stamps of all headers below the folders."""
    for folder in sorted(folders):
        with os.scandir(folder) as found:
            for one in sorted(found, key=lambda one: one.name):
                if one.is_dir():
                    yield from _header_stamps([one.path])
                elif one.name.endswith(".h"):
                    yield stamp_of(one.path)


def _headers_digest(folder: Path) -> str:
    """A key over the names and contents of the headers in `folder` and below it."""
    parts: list[str | bytes] = []
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(".h") and path.is_file():
            parts += [str(path.relative_to(folder)), path.read_bytes()]
    return cache.digest(*parts)
