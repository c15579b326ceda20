"""The cache: content-addressed entries that appear whole or not at all.

An entry is a directory `<cache>/<kind>/<key>`. It is filled under the name `.<key>.partial` by the one
process that holds the entry's lock and then renamed, so that a kill at any moment leaves either nothing
or a partial that the next holder of the lock removes (its maker must be dead, or the lock were taken).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from ktstr.errors import KtstrError

__all__ = ["cache_dir", "digest", "entry", "file_digest", "find", "locked"]

_NOTICE_AFTER_S = 2.0


def cache_dir() -> Path:
    """The cache's root: `KTSTR_CACHE_DIR`, else `ktstr` under the XDG cache directory."""
    override = os.environ.get("KTSTR_CACHE_DIR")
    root = Path(override).expanduser().absolute() if override else user_cache_path("ktstr")
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KtstrError(
            f"cache directory {root}: {error.strerror}; set KTSTR_CACHE_DIR to one that can be written"
        ) from error
    return root


def digest(*parts: str | bytes) -> str:
    """A key of 24 hex digits over `parts`, each length-prefixed so that no two lists collide."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(f"{len(data)}:".encode())
        sha.update(data)
    return sha.hexdigest()[:24]


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file at `path`; a wait of more than two seconds is announced as waiting for `what`.

    The lock is flock(2): the kernel releases it when its holder dies.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=_NOTICE_AFTER_S)
        except Timeout:
            print(f"ktstr: waiting for another process: {what}", file=sys.stderr, flush=True)
            lock.acquire()
    except OSError as error:
        raise KtstrError(f"{what}: {path}: cannot be locked: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def find(kind: str, key: str) -> Path | None:
    """The entry, or None where it has not been made."""
    path = cache_dir() / kind / key
    return path if path.is_dir() else None


def entry(kind: str, key: str, what: str, make: Callable[[Path], None]) -> Path:
    """The directory of entry `key`, made by `make(directory)` if it is not there yet.

    `what` names the work for people ("fetching kernel 7.0.13"). Processes that ask at once make it once.
    """
    if (path := find(kind, key)) is not None:
        return path
    folder = cache_dir() / kind
    path = folder / key
    with locked(folder / f".{key}.lock", what):
        if path.is_dir():
            return path
        partial = folder / f".{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            make(partial)
            partial.rename(path)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise KtstrError(
                f"{what}: {error.filename or partial}: {error.strerror or str(error) or type(error).__name__}"
            ) from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return path
