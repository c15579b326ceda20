"""Debian binary packages: an ar archive, in it a compressed tar archive `data.tar.*` (see deb(5)).

Files are read from the stream; nothing is ever unpacked under a name that the archive chooses.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import zstandard

from ktstr.base.errors import KtstrError

__all__ = ["data_archive", "read_files", "tar_stream"]

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
_DAMAGED = (tarfile.TarError, lzma.LZMAError, zlib.error, zstandard.ZstdError, EOFError, ValueError)


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


@contextmanager
def data_archive(file: IO[bytes], name: str) -> Iterator[tarfile.TarFile]:
    """The files of package `name` as a tar archive to be read once, front to back; KtstrError if damaged."""
    with _reported(name), tar_stream(*_data_member(file)) as archive:
        yield archive


@contextmanager
def tar_stream(name: str, stream: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """A tar archive in a stream, by its compression's suffix: `.tar`, `.gz`, `.bz2`, `.xz` or `.zst`."""
    suffix = name.rpartition(".")[2]
    if suffix == "zst":  # not known to tarfile before Python 3.14
        plain = zstandard.ZstdDecompressor().stream_reader(stream)
        with plain, tarfile.open(fileobj=plain, mode="r|") as archive:
            yield archive
    elif suffix in ("tar", "gz", "bz2", "xz"):
        with tarfile.open(fileobj=stream, mode="r|" if suffix == "tar" else f"r|{suffix}") as archive:  # type: ignore[call-overload]
            yield archive
    else:
        raise KtstrError(f"{name}: unknown compression; accepted are .tar, .gz, .bz2, .xz and .zst")


def read_files(file: IO[bytes], name: str, wanted: Callable[[str], bool], limit: int) -> dict[str, bytes]:
    """The files of package `name` whose path (`boot/config-7.0`) is wanted, of at most `limit` bytes each."""
    found = {}
    with data_archive(file, name) as archive:
        for member in archive:
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
        name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
        if name.startswith("data.tar"):
            return name, io.BufferedReader(_Window(file, size))
        file.seek(size + size % 2, io.SEEK_CUR)
    raise ValueError("no data.tar in it")


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KtstrError(f"{name}: not a whole Debian package: {reason}") from error
