"""Stamps: what tells, without reading a file, that it is the one that was read before."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

__all__ = ["Stamp", "is_settled", "stamp_of"]


class Stamp(NamedTuple):
    """What changes with a file's content or place: device, inode, size, times of writing and change in ns."""

    device: int
    inode: int
    size: int
    written_ns: int
    changed_ns: int


# Kernels take the time of a change from a clock that ticks at most every 10 ms: what is written again so soon, at the
# same size, may get the same stamp.
_SETTLED_NS = 100_000_000


def stamp_of(path: Path | str) -> Stamp | None:
    """The stamp of a file or folder; None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116  # a Path of every header takes longer than all else of a remembered run
    except OSError:
        return None
    return Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def is_settled(stamp: Stamp | None) -> bool:
    """Whether any later change gives another stamp."""
    return stamp is None or time.time_ns() - max(stamp.written_ns, stamp.changed_ns) > _SETTLED_NS
