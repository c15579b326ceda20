"""Lock files: flock(2) on a file that may be removed by the one that holds its lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["acquired"]


def acquired(path: Path, *, shared: bool = False) -> int | None:
    """A descriptor that holds the lock of `path`, until it is closed; None if another process holds it.

    The file is made if it is not there. Whoever holds its lock, not shared, may remove it: this never returns the lock
    of a file that is no longer at `path`. OSError if the file cannot be opened or locked.
    """
    operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was removed before it was locked


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
