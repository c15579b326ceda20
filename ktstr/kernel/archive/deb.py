"""Debian binary packages: an ar archive, in it a compressed tar archive `data.tar.*` (see deb(5)).

Files are read from the stream; nothing is ever unpacked under a name that the archive chooses.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.plain import DAMAGED, plain_stream

__all__ = ["TAR_DAMAGED", "data_archive", "members", "read_files", "tar_stream"]

TAR_DAMAGED = (*DAMAGED, tarfile.TarError, RecursionError, LookupError, OverflowError)
"""What reading a damaged tar archive raises: tarfile calls itself for each extended header."""

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_AR_SIZE = re.compile(rb"[0-9]{1,10} *")
# A header's own headers: with long names, times to the nanosecond, comments. tarfile reads one in a time that, before
# Python 3.11.10 and 3.12.6, is quadratic in its length.
_EXTENDED = (b"x", b"g", b"X", b"K", b"L")
_MOST_EXTENDED = 8192
_LARGEST = 8 << 30


class _Window(io.RawIOBase):
    """The next `size` bytes of a file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


class _Header(tarfile.TarInfo):
    """A member's header. What tarfile itself would take, and what no kernel's archive has, is refused."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Reads what follows the header: what CPython's source names as the entry point for subclasses.

        frombuf() is not always called: since the mend of CVE-2025-13462, fromtarfile() passes it over.
        """
        if not 0 <= self.size <= _LARGEST:
            raise ValueError(f"a member of {self.size} bytes")
        if self.type in _EXTENDED and self.size > _MOST_EXTENDED:
            raise ValueError(f"an extended header of {self.size} bytes")
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return member


def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of an archive that is read once; ValueError for one that says it is longer than any, or sparse.

    tarfile skips the content of a member block by block, however many blocks that are, also behind the archive's end.
    A sparse file may be long and hold nothing.
    """
    for member in archive:
        if not 0 <= member.size <= _LARGEST:
            raise ValueError(f"{member.name}: a member of {member.size} bytes")
        if member.issparse():
            raise ValueError(f"{member.name}: a sparse file")
        yield member


@contextmanager
def data_archive(file: IO[bytes], name: str) -> Iterator[tarfile.TarFile]:
    """The files of package `name` as a tar archive to be read once, front to back; KtstrError if damaged."""
    with _reported(name), tar_stream(*_data_member(file)) as archive:
        yield archive


@contextmanager
def tar_stream(name: str, stream: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """A tar archive in a stream, by its compression's suffix: `.tar`, `.gz`, `.bz2`, `.xz` or `.zst`.

    One that is damaged raises one of TAR_DAMAGED.
    """
    plain = plain_stream(stream, name.rpartition(".")[2])
    if plain is None:
        raise KtstrError(f"{name}: unknown compression; accepted are .tar, .gz, .bz2, .xz and .zst")
    with tarfile.open(fileobj=plain, mode="r|", tarinfo=_Header) as archive:
        yield archive


def read_files(file: IO[bytes], name: str, wanted: Callable[[str], bool], limit: int) -> dict[str, bytes]:
    """The files of package `name` whose path (`boot/config-7.0`) is wanted, of at most `limit` bytes each."""
    found = {}
    with data_archive(file, name) as archive:
        for member in members(archive):
            path = member.name.removeprefix("./")
            if not (member.isreg() and wanted(path)):
                continue
            if member.size > limit:
                raise KtstrError(f"{name}: {path}: {member.size} bytes, accepted are at most {limit}")
            content = archive.extractfile(member)
            assert content is not None  # it is a regular file
            found[path] = content.read()
    return found


def _data_member(file: IO[bytes]) -> tuple[str, IO[bytes]]:
    """Name and content of `data.tar.*`."""
    if file.read(len(_AR_MAGIC)) != _AR_MAGIC:
        raise ValueError("not an ar archive")
    while header := file.read(_AR_HEADER):
        if len(header) != _AR_HEADER or header[58:] != b"`\n":
            raise ValueError("broken ar header")
        if not _AR_SIZE.fullmatch(header[48:58]):
            raise ValueError("broken ar header")
        name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
        if name.startswith("data.tar"):
            return name, io.BufferedReader(_Window(file, size))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise ValueError("no data.tar in it")


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except TAR_DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KtstrError(f"{name}: not a whole Debian package: {reason}") from error
