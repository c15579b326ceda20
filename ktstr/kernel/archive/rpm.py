"""RPM packages: a lead, two headers, a compressed cpio archive in the "newc" format (rpm's docs/manual/format_v4.md).

The headers are passed over: what they say of the package, its index has said already. Files are read from the stream.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.plain import DAMAGED, plain_stream

__all__ = ["read_rpm_files"]

_LEAD, _LEAD_MAGIC = 96, b"\xed\xab\xee\xdb"
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_LONGEST_HEADER = 64 << 20
_CPIO, _CPIO_MAGIC, _LONGEST_NAME = 110, b"070701", 4096
_END = "TRAILER!!!"
_REGULAR = 0o100000
_CHUNK = 1 << 20
_COMPRESSIONS = ((b"\x28\xb5\x2f\xfd", "zst"), (b"\xfd7zXZ\x00", "xz"), (b"\x1f\x8b", "gz"))


def read_rpm_files(file: IO[bytes], name: str, wanted: Callable[[str], bool], limit: int) -> dict[str, bytes]:
    """The files of package `name` whose path (`lib/modules/7.2/config`) is wanted, of at most `limit` bytes each.

    Raises KtstrError if the package is damaged, or such a file is longer.
    """
    found = {}
    with _reported(name):
        for path, size, content in _members(_payload(file)):
            if not wanted(path):
                continue
            if size > limit:
                raise KtstrError(f"{name}: {path}: {size} bytes, accepted are at most {limit}")
            found[path] = content()
    return found


def _payload(file: IO[bytes]) -> IO[bytes]:
    """The cpio archive behind the headers, decompressed."""
    if not _exactly(file, _LEAD).startswith(_LEAD_MAGIC):
        raise ValueError("not an RPM package")
    signature = _skip_header(file)
    _exactly(file, -signature % 8)  # the signature's header is padded, the other one is not
    _skip_header(file)
    start = file.tell()
    head = file.read(6)
    file.seek(start)
    suffix = next((suffix for magic, suffix in _COMPRESSIONS if head.startswith(magic)), None)
    plain = plain_stream(file, suffix) if suffix else None
    if plain is None:
        raise ValueError(f"a payload in an unknown compression (starts with {head[:4].hex()})")
    return plain


def _skip_header(file: IO[bytes]) -> int:
    """Pass over a header; its length in bytes."""
    head = _exactly(file, 16)
    if not head.startswith(_HEADER_MAGIC):
        raise ValueError("a header without its magic number")
    entries, size = struct.unpack_from(">II", head, 8)
    length: int = entries * 16 + size
    if length > _LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    _exactly(file, length)
    return 16 + length


def _members(cpio: IO[bytes]) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Path and size of each regular file, and what reads its content, which has to be called before the next one."""
    while True:
        head = _exactly(cpio, _CPIO)
        if not head.startswith(_CPIO_MAGIC):
            raise ValueError("not a cpio archive in the newc format")
        fields = [int(head[at : at + 8], 16) for at in range(6, _CPIO, 8)]
        mode, size, length = fields[1], fields[6], fields[11]
        if not 0 < length <= _LONGEST_NAME:
            raise ValueError(f"a name of {length} bytes")
        path = _exactly(cpio, length)[:-1].decode(errors="replace").removeprefix("./").removeprefix("/")
        _exactly(cpio, -(_CPIO + length) % 4)
        if path == _END:
            return
        content: list[bytes] = []

        def read(size: int = size, content: list[bytes] = content) -> bytes:
            content.append(_exactly(cpio, size))
            return content[0]

        if mode & 0o170000 == _REGULAR:
            yield path, size, read
        if not content:
            _pass_over(cpio, size)
        _exactly(cpio, -size % 4)


def _pass_over(stream: IO[bytes], size: int) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _CHUNK)))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data


@contextmanager
def _reported(name: str) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KtstrError(f"{name}: not a whole RPM package: {reason}") from error
