"""The newc archive format of an initramfs, written so that the same entries give the same bytes.

The format is the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ktstr.base.errors import KtstrError

__all__ = ["Entry", "read_newc", "write_newc"]

_MAGIC = b"070701"
_HEADER = 110
_HEX = re.compile(rb"[0-9A-Fa-f]{104}")
_TRAILER = "TRAILER!!!"
_BLOCK = 512


@dataclass(frozen=True)
class Entry:
    """A file, folder or symbolic link of the archive.

    `path` is absolute in the guest, `mode` has the file type (`stat.S_IFREG | 0o755`), `data` is the content or
    the link's target; `rdev` is (major, minor) of a device node.
    """

    path: str
    mode: int
    data: bytes = b""
    rdev: tuple[int, int] = (0, 0)


def write_newc(entries: Iterable[Entry]) -> bytes:
    """The archive of `entries` and of the folders above them, in path order.

    Owner root, time zero, and inode numbers by order: nothing of the host gets in. Raises KtstrError if two
    entries differ at one path.
    """
    wanted: dict[str, Entry] = {}
    for entry in entries:
        name = _name(entry.path)
        known = wanted.get(name)
        if known is not None and replace(known, path=entry.path) != entry:
            raise KtstrError(f"initramfs: {entry.path}: two different files are packed at this path")
        wanted[name] = entry
    for name in list(wanted):
        for parent in map(str, PurePosixPath(name).parents[:-1]):
            above = wanted.setdefault(parent, Entry(f"/{parent}", stat.S_IFDIR | 0o755))
            if not stat.S_ISDIR(above.mode) and not stat.S_ISLNK(above.mode):
                raise KtstrError(
                    f"initramfs: /{name}: a file is packed at {above.path}, which has to be a folder"
                )
    archive = bytearray()
    for inode, name in enumerate(sorted(wanted), start=1):
        archive += _record(name, wanted[name], inode)
    archive += _record(_TRAILER, Entry(_TRAILER, 0), 0)
    archive += bytes(-len(archive) % _BLOCK)
    return bytes(archive)


def read_newc(archive: bytes) -> Iterator[Entry]:
    """The archive's entries in its order; ValueError if it is not a whole newc archive."""
    at = 0
    while True:
        header = archive[at : at + _HEADER]
        if not _HEX.fullmatch(header, len(_MAGIC)) or not header.startswith(_MAGIC):
            raise ValueError(f"no newc header at byte {at}")
        fields = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        mode, size, major, minor, name_size = fields[1], fields[6], fields[9], fields[10], fields[11]
        name = archive[at + _HEADER : at + _HEADER + name_size - 1].decode()
        start = _aligned(at + _HEADER + name_size)
        if start + size > len(archive):
            raise ValueError(f"{name}: ends beyond the archive")
        if name == _TRAILER:
            return
        yield Entry("/" + name, mode, archive[start : start + size], (major, minor))
        at = _aligned(start + size)


def _name(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not path.startswith("/") or ".." in parts or len(parts) < 2 or "\0" in path:
        raise KtstrError(f"initramfs: {path!r}: must be an absolute path in the guest without '..'")
    return "/".join(parts[1:])


def _record(name: str, entry: Entry, inode: int) -> bytes:
    raw = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.rdev, len(raw), 0)
    record = bytearray(_MAGIC + b"".join(b"%08X" % field for field in fields) + raw)
    record += bytes(-len(record) % 4)
    record += entry.data
    record += bytes(-len(record) % 4)
    return bytes(record)


def _aligned(at: int) -> int:
    return at + -at % 4
