"""Temporary folders, and the removal of those that killed processes left.

A folder is locked by flock(2) for as long as its process uses it, so a folder that nobody holds is left over.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ktstr.base.cache import disk_usage
from ktstr.base.errors import host_refuses

__all__ = ["remove_scratch", "scratch", "scratch_left"]

_SUFFIX = ".scratch"
_YOUNG_S = 60.0  # a new folder is there before it is locked


@contextmanager
def scratch(what: str) -> Iterator[Path]:
    """A new folder below the system's temporary one, with `what` in its name; it is gone after the block.

    KtstrError if it cannot be made.
    """
    with host_refuses("a temporary folder cannot be made"):
        folder = Path(tempfile.mkdtemp(prefix=f"ktstr-{what}-", suffix=_SUFFIX))
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor >= 0:
            os.close(descriptor)


def scratch_left() -> list[Path]:
    """The temporary folders of this user that no process holds."""
    left = []
    for path, descriptor in _abandoned():
        os.close(descriptor)
        left.append(path)
    return left


def remove_scratch() -> int:
    """Remove the temporary folders of this user that no process holds; returns the freed bytes."""
    freed = 0
    for path, descriptor in _abandoned():
        freed += disk_usage(path)
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)
    return freed


def _abandoned() -> Iterator[tuple[Path, int]]:
    """Left folders, each with a descriptor that holds its lock; the caller closes it."""
    for path in sorted(Path(tempfile.gettempdir()).glob(f"ktstr-*{_SUFFIX}")):
        with suppress(OSError):  # another process removes it, or it is another user's
            stat = path.lstat()
            if stat.st_uid != os.getuid() or path.is_symlink() or time.time() - stat.st_mtime < _YOUNG_S:
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            yield path, descriptor
