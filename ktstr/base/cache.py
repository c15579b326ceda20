"""The cache: content-addressed entries that appear whole or not at all.

An entry is a directory `<cache>/<kind>/<key>`. The process that holds the entry's lock fills it under the
name `.<key>.partial` and then renames it. A kill at any moment therefore leaves either nothing or a partial,
which the next holder of the lock removes: the process that made it must be dead, because it would still hold
the lock otherwise.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from ktstr.base import seal
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.lock import acquired
from ktstr.base.remote import settings as remote
from ktstr.base.stamp import Stamp, is_settled, stamp_of

__all__ = [
    "Entry",
    "cache_dir",
    "digest",
    "discard",
    "disk_usage",
    "entries",
    "entry",
    "file_digest",
    "find",
    "in_use",
    "is_in_use",
    "locked",
    "refusals",
    "remove_entry",
    "sealed_entries",
    "share",
]

_NOTICE_AFTER_S = 2.0
_POLL_S = 0.05
_FRESH_S = 60.0
_digests: dict[Stamp | None, str] = {}  # of files, in this process
_SEALED_SINCE_EVER = ("templates", "results")  # their keys have changed since there are seals


def cache_dir() -> Path:
    """The cache's root: `KTSTR_CACHE_DIR`, else `ktstr` under the XDG cache directory."""
    root = _root(
        os.environ.get("KTSTR_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME"), os.environ.get("HOME")
    ).absolute()
    if not os.path.isdir(root):  # noqa: PTH112  # a test asks for it twenty times
        with refusals(root):
            root.mkdir(parents=True, exist_ok=True)
    return root


@functools.lru_cache(8)
def _root(override: str | None, _xdg: str | None, _home: str | None) -> Path:
    try:
        return Path(override).expanduser() if override else user_cache_path("ktstr")
    except RuntimeError:  # `~nouser`, or no home at all
        raise KtstrError(f"KTSTR_CACHE_DIR={override}: no such user, or no home directory") from None


@contextmanager
def refusals(root: Path | None = None) -> Iterator[None]:
    """Raise KtstrError for what the system refuses in the block, which works on files of the cache at `root`."""
    try:
        yield
    except OSError as error:
        where = f"{root or cache_dir()}"
        file = "" if error.filename in (None, where) else f"{error.filename}: "
        raise KtstrError(
            f"cache directory {where}: {file}{error.strerror or error}; set KTSTR_CACHE_DIR to one that can be written"
        ) from error


def digest(*parts: str | bytes) -> str:
    """A key of 24 hex digits for `parts`. Each part is length-prefixed, so that no two lists collide."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()[:24]


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. It is read once in a process, while nothing changes its stamp."""
    stamp = stamp_of(path)
    if stamp in _digests:
        return _digests[stamp]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if stamp is not None and is_settled(stamp) and stamp == stamp_of(path):
        _digests[stamp] = found
    return found


@contextmanager
def locked(path: Path, what: str, cancel: Cancel | None = None) -> Iterator[None]:
    """Hold the lock file at `path` within the block.

    A wait of more than two seconds is announced on stderr, with `what` as its reason. The lock is flock(2)'s:
    the kernel releases it when its holder dies. Raises KtstrError if the file cannot be locked, and Cancelled if
    `cancel` ends the wait.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquired(path, what, cancel)
    except OSError as error:
        raise KtstrError(f"{what}: {path}: cannot be locked: {error.strerror or error}") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _acquired(path: Path, what: str, cancel: Cancel | None) -> int:
    """A descriptor that holds the lock; a long wait is announced."""
    notice = time.monotonic() + _NOTICE_AFTER_S
    while True:
        if cancel is not None:
            cancel.check()
        if (descriptor := acquired(path)) is not None:
            return descriptor
        if time.monotonic() >= notice:
            print(f"ktstr: waiting for another process: {what}", file=sys.stderr, flush=True)
            notice = float("inf")
        time.sleep(_POLL_S)


def find(kind: str, key: str) -> Path | None:
    """The entry's directory, or None if the entry has not been made."""
    path = cache_dir() / kind / key
    with refusals():
        return path if path.is_dir() else None


def entry(
    kind: str,
    key: str,
    what: str,
    make: Callable[[Path], None],
    cancel: Cancel | None = None,
    *,
    sealed: bool = True,
    shared: str = "",
) -> Path:
    """The directory of entry `key`; `make(directory)` fills it if it does not exist yet.

    `what` describes the work to the user ("fetching kernel 7.0.13"). If several processes ask at the same time,
    one of them makes the entry. An entry whose files have changed is made again, with a line on stderr; `sealed=False`
    is for one of so many files that nobody wants to look at them all. With `shared`, a key that means the same on every
    machine, it is taken from the remote cache before it is made, and given to it afterwards. Raises KtstrError if the
    disk refuses, Cancelled if `cancel` ends the wait for another process that makes it, and whatever `make` raises.
    """
    if (path := find(kind, key)) is not None and (not sealed or seal.damage(path) is None):
        _touch(kind, path)
        return path
    folder = cache_dir() / kind
    path = folder / key
    with locked(folder / f".{key}.lock", what, cancel):
        if path.is_dir():
            if not sealed or (damage := _damage(kind, path)) is None:
                return path
            print(f"ktstr: {path}: {damage}; making it again", file=sys.stderr, flush=True)
            remove_entry(folder, key)
        partial = folder / f".{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            made = not _shared(kind, shared, partial, cancel)
            if made:
                make(partial)
            if sealed:
                seal.write_seal(partial, path)
            partial.rename(path)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise KtstrError(
                f"{what}: {error.filename or partial}: {error.strerror or str(error) or type(error).__name__}"
            ) from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    if made:
        share(kind, shared, path)
    return path


def share(kind: str, key: str, path: Path) -> None:
    """Give an entry to the remote cache, if this machine writes to one; `key` is as `shared` of `entry`."""
    if key and remote.is_set():
        from ktstr.base.remote.store import offer_entry

        offer_entry(cache_dir(), kind, key, path)


def _shared(kind: str, key: str, partial: Path, cancel: Cancel | None) -> bool:
    """Whether the remote cache filled `partial`."""
    if not key or not remote.is_set():
        return False
    from ktstr.base.remote.store import fetch_entry  # with msgspec, and requests behind it

    return fetch_entry(cache_dir(), kind, key, partial, cancel)


def _touch(kind: str, path: Path) -> None:
    """Note that an entry is used now. A kernel's time is that of its fetch or build."""
    with suppress(OSError):  # it can be read, and not written
        if kind != "kernels" and time.time() - path.stat().st_mtime > _FRESH_S:
            os.utime(path)


def _damage(kind: str, path: Path) -> str | None:
    """What has changed in an entry. One without a seal, which an earlier version made, is sealed as it is."""
    if kind not in _SEALED_SINCE_EVER and not seal.is_sealed(path):
        with suppress(OSError):
            seal.write_seal(path)
        return None
    return seal.damage(path)


def discard(kind: str, key: str, what: str, still: Callable[[Path], bool] = Path.is_dir) -> None:
    """Remove an entry, even one that is in use: a process that has its files open or mapped keeps them.

    `still` decides, once the entry's lock is held, whether to remove it: another process may have replaced the
    entry in the meantime.
    """
    folder = cache_dir() / kind
    with locked(folder / f".{key}.lock", what):
        if still(folder / key):
            remove_entry(folder, key)


@contextmanager
def in_use(kind: str, key: str, *, touch: bool = True) -> Iterator[bool]:
    """Keep an entry from being evicted within the block. Yields False if there is no such entry.

    This counts as a use of the entry, unless `touch` is False.
    """
    folder = cache_dir() / kind
    with refusals():
        # Whoever holds it against others removes the entry, which is soon done.
        while (descriptor := acquired(folder / f".{key}.use", shared=True)) is None:
            time.sleep(_POLL_S)
    try:
        with refusals():
            try:
                if touch:
                    os.utime(folder / key)
                exists = touch or (folder / key).is_dir()
            except FileNotFoundError:
                exists = False
        yield exists
    finally:
        os.close(descriptor)


def is_in_use(kind: str, key: str) -> bool:
    """Whether some process is keeping the entry from being evicted."""
    try:
        descriptor = os.open(cache_dir() / kind / f".{key}.use", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@dataclass(frozen=True)
class Entry:
    """An entry of the cache. `size` is its bytes on disk; `used` is its last use, in seconds since the epoch."""

    kind: str
    key: str
    path: Path
    size: int
    used: float


def entries(*kinds: str) -> list[Entry]:
    """The entries of these kinds, the least recently used first."""
    found = []
    with refusals():
        for kind in kinds:
            folder = cache_dir() / kind
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.name.startswith(".") or not path.is_dir():
                    continue
                with suppress(FileNotFoundError):  # another process removed it
                    found.append(Entry(kind, path.name, path, disk_usage(path), path.stat().st_mtime))
    return sorted(found, key=lambda entry: entry.used)


def sealed_entries() -> list[Entry]:
    """The entries of all kinds that have a seal, the least recently used first."""
    kinds = [path.name for path in cache_dir().iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [entry for entry in entries(*sorted(kinds)) if seal.is_sealed(entry.path)]


def disk_usage(folder: Path) -> int:
    """The bytes that a folder's files take on disk; less than their lengths if they are sparse."""
    total, folders = 0, [str(folder)]
    while folders:
        # Other processes remove entries meanwhile, and what cannot be read is not counted.
        with suppress(OSError), os.scandir(folders.pop()) as entries_of_folder:
            for one in entries_of_folder:
                with suppress(FileNotFoundError):
                    total += one.stat(follow_symlinks=False).st_blocks * 512
                    if one.is_dir(follow_symlinks=False):
                        folders.append(one.path)
    return total


def remove_entry(folder: Path, key: str) -> None:
    """Remove an entry, if it exists; the caller holds its lock. A kill leaves a partial, never half of an entry."""
    partial = folder / f".{key}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    with suppress(FileNotFoundError):
        (folder / key).rename(partial)
    seal.seal_of(folder / key).unlink(missing_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
