"""How much disk the entries of the cache take. What has many files and does not change is remembered.

A root or a source tree has more files than one wants to count each time that something is kept.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from ktstr.base.cache import cache_dir, disk_usage
from ktstr.base.whole_file import write_whole

__all__ = ["Sizes"]

_FILE = "sizes.json"
_FRESH_S = 86_400.0
_COUNTED = ("builds", "git", "results", "templates")  # they grow, or have few files


class Sizes:
    """The bytes of entries. What is counted is kept for a day, for the same folder, if `keep` is called at the end."""

    def __init__(self) -> None:
        self._file = cache_dir() / _FILE
        self._now = time.time()
        self._known: dict[str, list[float]] = {}
        self._new = False
        # Damage costs no more than counting again.
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept = json.loads(self._file.read_bytes())
            self._known = {
                str(name): [float(one) for one in row] for name, row in kept.items() if len(row) == 3
            }
        self._seen: set[str] = set()

    def of(self, kind: str, path: Path) -> int:
        """The bytes on disk of an entry, or of a file. FileNotFoundError if it is gone."""
        status = path.lstat()
        if not path.is_dir():
            return status.st_blocks * 512
        if kind in _COUNTED:
            return disk_usage(path)
        name = f"{kind}/{path.name}"
        self._seen.add(name)
        inode, size, counted = self._known.get(name, (0.0, 0.0, 0.0))
        if inode != status.st_ino or not 0 <= self._now - counted < _FRESH_S:
            size = float(disk_usage(path))
            self._known[name] = [float(status.st_ino), size, self._now]
            self._new = True
        return int(size)

    def keep(self) -> None:
        """Write down what was counted, and forget what was not asked for."""
        if self._new:
            kept = {name: row for name, row in self._known.items() if name in self._seen}
            with suppress(OSError):  # without it it is only slower
                write_whole(self._file, json.dumps(kept))
