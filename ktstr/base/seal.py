"""Seals: what the files of a kept folder were when they were made, so that a change is noticed when they are used.

A seal is a file beside the folder. It has of every file the size, the SHA-256, and a stamp: inode, and the times of its
last writing and change. While size and stamp are the same, so is the content: to read the memory of a template
takes longer than to clone it. If they are not, because a file was written or the whole cache was copied, the content is
read and compared. What changes on a disk by itself changes no stamp; only reading everything finds it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ktstr.base.whole_file import write_whole

__all__ = ["content_digest", "damage", "digest_of", "is_sealed", "seal_of", "write_seal"]

_BLOCK = 1 << 16


def seal_of(folder: Path) -> Path:
    """The file with the seal of `folder`."""
    return folder.with_name(f".{folder.name}.seal")


def write_seal(folder: Path, name: Path | None = None) -> None:
    """Seal the files that are in `folder` now, below it too, for when it is called `name` (None: what it is called).

    OSError if they cannot be read or the disk refuses.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            stat = path.stat()
            files[str(path.relative_to(folder))] = {
                "size": stat.st_size,
                "sha256": content_digest(path),
                "stamp": _stamp(stat),
            }
    _write(name or folder, files)


def is_sealed(folder: Path) -> bool:
    """Whether it has a seal; folders that an earlier version made have none."""
    return seal_of(folder).is_file()


def damage(folder: Path, *, whole: bool = False) -> str | None:
    """What in `folder` differs from what was sealed, in one line, or None. With `whole` every content is read."""
    try:
        files = _read(folder)
        copied = False
        for name, kept in files.items():
            path = folder / name
            stat = path.stat()
            if stat.st_size != kept["size"]:
                return f"{name}: {stat.st_size} bytes, not {kept['size']}"
            if whole or _stamp(stat) != kept["stamp"]:
                if content_digest(path) != kept["sha256"]:
                    return f"{name}: its content has changed"
                copied = copied or _stamp(stat) != kept["stamp"]
                kept["stamp"] = _stamp(stat)
    except OSError as error:
        return f"{Path(error.filename or folder).name}: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{seal_of(folder).name}: not what was written"
    if copied:
        with suppress(OSError):  # without new stamps it is only slower
            _write(folder, files)
    return None


def digest_of(folder: Path) -> str:
    """A SHA-256 over the names and contents of all sealed files; empty if there is no seal that can be read."""
    try:
        contents = [(name, kept["sha256"]) for name, kept in sorted(_read(folder).items())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()


def content_digest(path: Path) -> str:
    """The SHA-256 of a sparse file's nonzero blocks, each with its number, so that holes need not be read."""
    sha = hashlib.sha256()
    zeros = bytes(_BLOCK)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        at = 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # only a hole is left
                    break
                raise
            at -= at % _BLOCK
            block = os.pread(file.fileno(), _BLOCK, at)
            if block != zeros[: len(block)]:
                sha.update(at.to_bytes(8, "little"))
                sha.update(block)
            at += _BLOCK
    return sha.hexdigest()


def _stamp(stat: os.stat_result) -> list[int]:
    return [stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    files: dict[str, dict[str, Any]] = json.loads(seal_of(folder).read_bytes())
    return files


def _write(folder: Path, files: dict[str, dict[str, Any]]) -> None:
    """Replace the seal, which is whole at any moment."""
    write_whole(seal_of(folder), json.dumps(files))
