"""What the machines of a remote cache agree on: a program made of sources, whatever compiler made it.

A result depends on the bytes of the agent in its guest. Two compilers make two agents of the same sources, which do the
same. So the first machine that writes to the remote cache decides, and the others take its program.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ktstr.base import cache
from ktstr.base.remote import settings as remote

__all__ = ["agreed"]

_KIND = "build"
_own: set[Path] = set()  # entries that the store did not have when this process asked for them


class _NotThere(Exception):
    """The store does not have it."""


def agreed(key: str, own: Callable[[], Path]) -> Path:
    """The entry that other machines use, or this one's `own` if they use none yet.

    `key` covers sources and what they are compiled for, and no compiler. Raises what `own` raises.
    """
    path = cache.cache_dir() / _KIND / key
    if not remote.is_set() or path in _own:
        return own()

    def make(_: Path) -> None:
        raise _NotThere

    try:
        return cache.entry(_KIND, key, f"fetching {key}", make, shared=key)
    except _NotThere:
        _own.add(path)
        made = own()
        cache.share(_KIND, key, made)
        return made
