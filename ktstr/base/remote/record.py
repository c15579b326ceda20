"""Records: what the store's `/ac/` has of an entry, which is the names, sizes and hashes of its files.

A record comes from outside. It is decoded by types, its numbers are bounded, and it says itself what it is of, so that
one in the place of another is noticed.
"""

from __future__ import annotations

import hashlib
import platform
import re
from pathlib import Path
from typing import Annotated

import msgspec

from ktstr.base.from_json import from_json
from ktstr.base.remote.client import MOST_BYTES

__all__ = ["MOST_RECORD_BYTES", "Blob", "Record", "decoded", "record_of", "record_path"]

MOST_RECORD_BYTES = 1 << 20
"""What a record takes at most; one of 1000 files takes a tenth of it."""
_VERSION = 1
_MOST_FILES = 4096
_MOST_NAME = 1024
# No empty part, none that begins with a dot, and neither control nor backslash.
_PATH = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*(/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*)*")


class Blob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of an entry: its path there, its content's SHA-256 and size in bytes, and whether it may be executed."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=_MOST_NAME)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]
    executable: bool = False


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of a machine's cache: its kind and key there, and its files."""

    version: int
    machine: str
    kind: str
    key: str
    files: Annotated[list[Blob], msgspec.Meta(max_length=_MOST_FILES)]


def record_path(kind: str, key: str) -> str:
    """Where the store keeps the record of an entry, for hosts of this machine's architecture."""
    named = "\0".join((f"ktstr-{_VERSION}", platform.machine(), kind, key))
    return f"ac/{hashlib.sha256(named.encode()).hexdigest()}"


def record_of(kind: str, key: str, folder: Path) -> Record:
    """The record of what is in `folder`. OSError if it cannot be read, ValueError if it has what no record names."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    wrong = [
        path for path in paths if path.is_symlink() or not _PATH.fullmatch(str(path.relative_to(folder)))
    ]
    if wrong or len(paths) > _MOST_FILES:
        raise ValueError(f"{wrong[0] if wrong else folder}: cannot be shared")
    return Record(_VERSION, platform.machine(), kind, key, [_blob_of(path, folder) for path in paths])


def decoded(data: bytes, kind: str, key: str) -> Record:
    """The record of this entry; ValueError, saying what is wrong, for anything else."""
    try:
        found = from_json(data, Record)
    except ValueError as error:
        raise ValueError(f"not a record: {error}") from None
    if found.version != _VERSION:
        raise ValueError(f"a record of version {found.version}; this ktstr reads {_VERSION}")
    if (found.machine, found.kind, found.key) != (platform.machine(), kind, key):
        raise ValueError("the record of another entry")
    names = [one.path for one in found.files]
    wrong = next((name for name in names if not _PATH.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError(f"a record with the path {wrong!r}")
    if len(set(names)) != len(names) or sum(one.size for one in found.files) > MOST_BYTES:
        raise ValueError("a record that names a file twice, or more than an entry may hold")
    return found


def _blob_of(path: Path, folder: Path) -> Blob:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    status = path.stat()
    return Blob(str(path.relative_to(folder)), sha256, status.st_size, bool(status.st_mode & 0o100))
