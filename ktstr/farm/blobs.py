"""The blobs that a worker lacks: asked for by content, checked, and kept in its cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from ktstr.base import cache
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.upkeep import evict
from ktstr.vm.blobs import Blobs, FirstOf, KnownFiles, LocalCache

__all__ = ["KIND", "Fetch", "WorkerBlobs"]

KIND = "blobs"
"""The name of the cache's folder of blobs."""
_BLOB = "blob"

Fetch = Callable[[str, Path, Cancel], None]
"""Writes the blob with this SHA-256 to a file. Raises KtstrError if it cannot be had, Cancelled if it is not to be."""


class WorkerBlobs:
    """Looks among the blobs that a worker has, then in `shared`, what machines share, and else has them fetched.

    What does not match its hash is refused.
    """

    def __init__(self, fetch: Fetch, cancel: Cancel, shared: Blobs | None = None) -> None:
        self._fetch = fetch
        self._cancel = cancel
        self._others = FirstOf([_Checked(LocalCache()), *([] if shared is None else [_Checked(shared)])])

    def find(self, sha256: str) -> Path | None:
        """The blob, fetched if need be. KtstrError if what came is another one, or nothing came."""
        if cache.find(KIND, sha256) is None and (path := self._others.find(sha256)) is not None:
            return path
        fetched = False

        def make(partial: Path) -> None:
            nonlocal fetched
            fetched = True
            self._fetch(sha256, partial / _BLOB, self._cancel)
            with (partial / _BLOB).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256:
                raise KtstrError(f"blob {sha256[:16]}: what was sent for it is {found[:16]}; it is refused")

        path = cache.entry(KIND, sha256, "fetching a blob", make, self._cancel) / _BLOB
        if fetched:
            evict()
        return path


class _Checked:
    """Believes a lookup only what it sees: a worker lives long, and what was there once may be gone or changed."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def find(self, sha256: str) -> Path | None:
        path = self._blobs.find(sha256)
        return None if path is None else KnownFiles({sha256: path}).find(sha256)
