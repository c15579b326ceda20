"""The upkeep of the cache: all that it holds, one limit for it, and what killed processes left.

Kernels count, and are never evicted, because somebody asked for them by name: `kernel-clean` removes them. All else is
made again when it is needed, so the least recently used goes first. What a process holds by a lock stays. So does, for
a day, what is used without one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from ktstr.base.cache import Entry, cache_dir, disk_usage, refusals, remove_entry
from ktstr.base.errors import KtstrError
from ktstr.base.lock import acquired
from ktstr.base.scratch import remove_scratch
from ktstr.base.sizes import Sizes

__all__ = [
    "HELD",
    "PINNED",
    "contents",
    "evict",
    "evict_entry",
    "gb_in_bytes",
    "kinds",
    "limit_bytes",
    "remove_rest",
]

_LIMIT_GB = 20.0
_CORES = "cores"  # locks of the host's cores, and nothing else
HELD = ("builds", "results", "templates")
"""The kinds whose entries are locked while they are used, so that one without a lock can go at any time."""
PINNED = ("kernels",)
"""The kinds that count, and are never evicted."""
_UNTOUCHED_S = 86_400.0
_WORKED_IN = ("builds", "git")


def limit_bytes() -> int:
    """The bytes that the whole cache may take: `KTSTR_CACHE_LIMIT_GB` (1 GB is 10**9 bytes), else 20 GB.

    Raises KtstrError if the variable is not a number of GB.
    """
    text = os.environ.get("KTSTR_CACHE_LIMIT_GB")
    return int(_LIMIT_GB * 1e9) if text is None else gb_in_bytes(text, f"KTSTR_CACHE_LIMIT_GB={text}")


def gb_in_bytes(text: str, where: str) -> int:
    """The bytes that a number of GB is (10**9 each); KtstrError, beginning with `where`, if it is none."""
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise KtstrError(f"{where}: must be a number of GB, 0 or more")
    return int(limit * 1e9)


def kinds() -> list[str]:
    """The kinds that the cache has, in alphabetical order."""
    with refusals():
        return sorted(path.name for path in cache_dir().iterdir() if path.is_dir() and path.name != _CORES)


def contents() -> list[Entry]:
    """All that the cache holds, folders and files of every kind, the least recently used first."""
    found, sizes = [], Sizes()
    with refusals():
        for kind in kinds():
            for path in (cache_dir() / kind).iterdir():
                if not path.name.startswith(".") and path.suffix != ".lock":
                    with suppress(FileNotFoundError):  # another process removed it
                        found.append(Entry(kind, path.name, path, sizes.of(kind, path), _used(path)))
    sizes.keep()
    return sorted(found, key=lambda one: one.used)


def evict(
    limit: int | None = None,
    freed: Callable[[int], object] | None = None,
    *,
    untouched_s: float = _UNTOUCHED_S,
) -> list[Entry]:
    """Remove what was used least recently until the whole cache takes at most `limit` bytes.

    The default limit is `limit_bytes()`. What is in use stays, and so does what is used without a lock, for
    `untouched_s` seconds after its last use. What killed processes left goes first. `freed` gets the bytes of each
    entry that is removed. Returns the removed entries.
    """
    limit = limit_bytes() if limit is None else limit
    remove_rest()
    kept = contents()
    total = sum(one.size for one in kept)
    removed = []
    for one in kept:
        if total <= limit:
            break
        if one.kind not in PINNED and evict_entry(one, _spared_s(one.kind, untouched_s)):
            removed.append(one)
            total -= one.size
            if freed is not None:
                freed(one.size)
    return removed


def _spared_s(kind: str, untouched_s: float) -> float:
    if kind in HELD:
        return 0.0
    # CI's suites run for hours in a root, and touch nothing of it that would show.
    return max(untouched_s, _UNTOUCHED_S) if kind == "roots" else untouched_s


def evict_entry(one: Entry, untouched_s: float = 0.0) -> bool:
    """Remove an entry with its locks, unless a process uses it, or may do so without a lock."""
    folder = one.path.parent
    locks = [folder / f".{one.key}.use", folder / f".{one.key}.lock"]
    # A file's lock is named after what it is of: part of a download, an index.
    stem = one.path.stem if one.path.is_file() else one.key
    locks += [path for path in (folder / f".{stem}.lock", folder / f"{stem}.lock") if path.exists()]
    if _is_young(one.path, untouched_s):
        return False
    with ExitStack() as held, refusals():
        for lock in dict.fromkeys(locks):
            if (descriptor := acquired(lock)) is None:
                return False
            held.callback(os.close, descriptor)
        if _is_young(one.path, untouched_s):  # used meanwhile
            return False
        if one.path.is_file():
            one.path.unlink(missing_ok=True)
        else:
            remove_entry(folder, one.key)
        for lock in locks:
            lock.unlink(missing_ok=True)
    return True


def _is_young(path: Path, untouched_s: float) -> bool:
    """Whether it was used less than so many seconds ago; what another process has removed was not."""
    try:
        return untouched_s > 0 and time.time() - _used(path) < untouched_s
    except FileNotFoundError:
        return False


def remove_rest(chosen: Collection[str] | None = None) -> int:
    """Remove what killed processes left of these kinds (None: of all, and their temporary folders).

    That is partial entries, and locks, marks and seals of entries that are gone. Returns the freed bytes.
    """
    freed = remove_scratch() if chosen is None else 0
    for kind in kinds() if chosen is None else chosen:
        folder = cache_dir() / kind
        keys = {path.name[1:].rpartition(".")[0] for path in folder.glob(".*.*")}
        freed += sum(_remove_rest(folder, key) for key in keys if key and not (folder / key).exists())
    return freed


def _remove_rest(folder: Path, key: str) -> int:
    """Remove what is left of an entry that does not exist, unless a process makes it; returns the freed bytes."""
    lock, use = folder / f".{key}.lock", folder / f".{key}.use"
    if (held := acquired(lock)) is None:
        return 0
    try:
        if (folder / key).exists():  # made in between
            return 0
        rest = [path for path in _companions(folder, key) if path not in (lock, use)]
        freed = sum(_size(path) for path in rest)
        remove_entry(folder, key)
        for path in rest:
            if path.is_dir():
                remove_entry(folder, path.name)
            path.unlink(missing_ok=True)
        if use.exists() and (used := acquired(use)) is not None:
            use.unlink()
            os.close(used)
        lock.unlink()
        return freed
    finally:
        os.close(held)


def _companions(folder: Path, key: str) -> Iterator[Path]:
    """The files and folders beside an entry that belong to it: `.<key>.partial`, `.<key>.seal`, ..."""
    return (path for path in folder.iterdir() if path.name[1:].rpartition(".")[0] == key)


def _size(path: Path) -> int:
    return disk_usage(path) if path.is_dir() else path.lstat().st_blocks * 512


def _used(path: Path) -> float:
    """The last use of an entry: what uses one touches it, and what works in one writes a file there."""
    inside = list(path.iterdir()) if path.is_dir() and path.parent.name in _WORKED_IN else []
    return max(one.lstat().st_mtime for one in [path, *inside])
