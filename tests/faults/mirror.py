"""A mirror on this machine that keeps what it was asked for, so that empty caches are filled without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock
from urllib.parse import quote

from local_server import serving

from ktstr.base.download import NotFound, get
from ktstr.kernel.images import debian

__all__ = ["Mirror", "mirrored"]

_LARGEST = 512 << 20


@dataclass(frozen=True)
class Mirror:
    """Its address, and the files that it has."""

    url: str
    files: _Kept

    def cut_off(self) -> None:
        """Have only what was asked for until now."""
        self.files.upstream = ""


class _Kept(dict[str, bytes]):
    """Files by path; one that is missing is first fetched from `upstream`, unless that is empty."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self.upstream = upstream

    def get(self, path: str, default: object = None) -> bytes | None:  # type: ignore[override]
        """The file's content, or None if there is no such file."""
        if path not in self and self.upstream:
            try:
                with mock.patch.dict(os.environ, {"KTSTR_OFFLINE": "0"}):
                    self[path] = get(f"{self.upstream}/{quote(path, safe='/+~')}", _LARGEST, "the mirror")
            except NotFound:
                return None
        return super().get(path)


@contextmanager
def mirrored() -> Iterator[Mirror]:
    """A mirror of the Debian archive that this host uses, on this machine; it ends with the block."""
    files = _Kept(debian.CLOUD.address())
    with serving() as server:
        server.files = files
        yield Mirror(server.url, files)
