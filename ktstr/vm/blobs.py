"""Blobs: the files that a job is made of, found by the SHA-256 of their content.

A job names its inputs by content, so that it can be stored, or carried to another machine, and found complete there. A
lookup maps a digest to a file here; a cache that machines share is one more lookup.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import cache as remembered
from pathlib import Path
from typing import Protocol

from ktstr.base import cache
from ktstr.kernel.store import cached

__all__ = ["Blobs", "FirstOf", "KnownFiles", "LocalCache"]

# The kinds of cache entries whose files are a guest's: what was built for it, and what was written for it.
_KINDS = ("build", "bpf", "shell")


class Blobs(Protocol):
    """A lookup of files by content."""

    def find(self, sha256: str) -> Path | None:
        """A file with this content, or None if there is none."""
        ...


class LocalCache:
    """Looks among this user's cached kernels and builds. What it has read once it does not read again."""

    def find(self, sha256: str) -> Path | None:
        """A cached file with this content."""
        root = cache.cache_dir()
        return _cached_images(root).get(sha256) or _cached_files(root).get(sha256)


@remembered
def _cached_images(_root: Path) -> Mapping[str, Path]:
    """The images of cached kernels; a kernel's entry holds the digest that was computed when it was made."""
    return {kernel.image_sha256: kernel.image for kernel in cached() if kernel.image.is_file()}


@remembered
def _cached_files(_root: Path) -> Mapping[str, Path]:
    found = {}
    for entry in cache.entries(*_KINDS):
        for path in entry.path.iterdir():
            with contextlib.suppress(OSError):  # a folder, or evicted meanwhile
                found[cache.file_digest(path)] = path
    return found


class KnownFiles:
    """Looks at places where contents have been seen; a file that has changed since does not count."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = places

    def find(self, sha256: str) -> Path | None:
        """The file, if it still has this content."""
        path = self._places.get(sha256)
        try:
            return path if path is not None and cache.file_digest(path) == sha256 else None
        except OSError:
            return None


class FirstOf:
    """Looks in several lookups, one after another."""

    def __init__(self, lookups: Sequence[Blobs]) -> None:
        self._lookups = lookups

    def find(self, sha256: str) -> Path | None:
        """The file that the first lookup with an answer has."""
        return next((path for lookup in self._lookups if (path := lookup.find(sha256))), None)
