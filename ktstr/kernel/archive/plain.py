"""Compressed streams, read as what was compressed: with a limit on how much that is, and on the memory it takes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import IO, cast

import zstandard

from ktstr.base.errors import KtstrError

__all__ = ["DAMAGED", "XZ_MEMORY", "ZSTD_WINDOW", "most_plain", "plain_stream"]

DAMAGED = (lzma.LZMAError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile, EOFError, ValueError)
"""What reading a damaged stream raises; from bz2's OSError without a number `plain_stream` makes a ValueError."""
XZ_MEMORY = 256 << 20
"""The bytes of memory that xz may take. A stream's header asks for up to 4 GiB, of a kernel's for 128 MiB at most."""
ZSTD_WINDOW = 1 << 27
"""The bytes of zstd's window: the most that the kernel itself decompresses (lib/decompress_unzstd.c)."""
_LEAST, _RATIO = 16 << 20, 64
_CHUNK = 1 << 18


def most_plain(packed: int) -> int:
    """How many bytes so many compressed ones may hold. Kernels, their sources and packages hold 3 to 12 times as many.

    What holds a thousand times as many, mostly zeros, was made to fill memory, a disk or somebody's time.
    """
    return _LEAST + _RATIO * packed


def plain_stream(packed: IO[bytes], suffix: str) -> IO[bytes] | None:
    """What is compressed in a stream as `gz`, `bz2`, `xz` or `zst`; `tar` is not compressed. None for another suffix.

    Reading it raises one of DAMAGED, or KtstrError if it holds more than `most_plain` allows.
    """
    counted = _Counted(packed)
    plain: IO[bytes]
    match suffix:
        case "tar":
            return packed
        case "gz":
            plain = cast(IO[bytes], gzip.GzipFile(fileobj=counted, mode="rb"))
        case "bz2":
            plain = cast(IO[bytes], bz2.BZ2File(counted))
        case "xz":
            plain = io.BufferedReader(_Xz(counted), _CHUNK)
        case "zst":
            plain = cast(
                IO[bytes],
                zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).stream_reader(
                    cast(IO[bytes], counted), closefd=False
                ),
            )
        case _:
            return None
    return io.BufferedReader(_Bounded(plain, counted), _CHUNK)


class _Counted(io.RawIOBase):
    """A stream that knows how much of it was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class _Bounded(io.RawIOBase):
    """What comes out of a decompressor, as long as it is plausible."""

    def __init__(self, plain: IO[bytes], packed: _Counted) -> None:
        self._plain, self._packed = plain, packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._plain.read(len(buffer))
        except OSError as error:
            if error.errno is None and not isinstance(error, gzip.BadGzipFile):  # bz2's "Invalid data stream"
                raise ValueError(str(error)) from error
            raise
        self._count += len(data)
        if self._count > most_plain(self._packed.count):
            raise KtstrError(
                f"its first {self._packed.count} bytes hold more than {self._count} when decompressed, which is more"
                " than any kernel's; refused"
            )
        buffer[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """xz streams one after another, as lzma.LZMAFile reads them, but with a limit on memory, which that has not."""

    def __init__(self, packed: _Counted) -> None:
        self._packed = packed
        self._decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            given = b""
            if self._decompressor.eof:
                # Zeros may follow a stream.
                given = self._decompressor.unused_data.lstrip(b"\0") or self._packed.read(_CHUNK).lstrip(
                    b"\0"
                )
                if not given:
                    return 0
                self._decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
            elif self._decompressor.needs_input and not (given := self._packed.read(_CHUNK)):
                raise EOFError("ends before the end of its xz stream")
            if data := self._decompressor.decompress(given, len(buffer)):
                buffer[: len(data)] = data
                return len(data)
