"""The kernel proper inside a `vmlinuz`.

A guest that starts with the decompressed ELF image (through its PVH entry) is spared decompressing it, which
takes over a second of emulated time. This is the boot image of x86, whose layout is in the kernel's
Documentation/arch/x86/boot.rst.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable

import zstandard

from ktstr.base.errors import KtstrError
from ktstr.base.machine import Machine
from ktstr.kernel.archive.plain import XZ_MEMORY, ZSTD_WINDOW, most_plain

__all__ = ["decompress"]

_HEADER_MAGIC = b"HdrS"
_PAYLOAD_VERSION = 0x208  # the boot protocol that added payload_offset and payload_length
_SECTOR = 512
_ELF64 = b"\x7fELF\x02\x01"  # of 64 bits, little-endian
_LIMIT = 1 << 30

_Unpack = Callable[[bytes, int], bytes]


def _zstd(data: bytes, limit: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).stream_reader(data) as reader:
        return reader.read(limit)


def _gzip(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data, limit)


def _lzma(data: bytes, limit: int) -> bytes:
    return lzma.LZMADecompressor(memlimit=XZ_MEMORY).decompress(data, limit)


def _bzip2(data: bytes, limit: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, limit)


def _unsupported(name: str) -> _Unpack:
    def unpack(data: bytes, limit: int) -> bytes:
        raise KtstrError(
            f"compressed with {name}, which is not supported; use a kernel with CONFIG_KERNEL_ZSTD=y"
        )

    return unpack


_FORMATS: tuple[tuple[bytes, _Unpack], ...] = (
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\x1f\x8b", _gzip),
    (b"\xfd7zXZ\x00", _lzma),
    (b"\x5d\x00\x00", _lzma),
    (b"BZh", _bzip2),
    (b"\x02\x21\x4c\x18", _unsupported("lz4")),
    (b"\x04\x22\x4d\x18", _unsupported("lz4")),
    (b"\x89LZO", _unsupported("lzo")),
)


def decompress(vmlinuz: bytes, name: str, machine: Machine) -> bytes:
    """The ELF image in `vmlinuz`; KtstrError, which begins with `name`, if there is none for `machine`."""
    try:
        return _decompress(vmlinuz, machine)
    except KtstrError as error:
        raise KtstrError(f"{name}: {error}") from error
    except (zstandard.ZstdError, zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise KtstrError(f"{name}: damaged: {' '.join(str(error).split())}") from error


def _decompress(vmlinuz: bytes, machine: Machine) -> bytes:
    if vmlinuz[0x202:0x206] != _HEADER_MAGIC or len(vmlinuz) < 0x250:
        raise KtstrError("not a Linux x86 boot image (no setup header)")
    (protocol,) = struct.unpack_from("<H", vmlinuz, 0x206)
    if protocol < _PAYLOAD_VERSION:
        raise KtstrError(f"boot protocol {protocol >> 8}.{protocol & 255:02}, accepted are 2.08 and later")
    setup_sectors = vmlinuz[0x1F1] or 4  # 0 means 4, from before the field existed
    offset, length = struct.unpack_from("<II", vmlinuz, 0x248)
    start = (setup_sectors + 1) * _SECTOR + offset
    payload = vmlinuz[start : start + length]
    if len(payload) != length or length < 8:
        raise KtstrError(f"truncated: the payload's {length} bytes at {start} are not all there")
    # The kernel's build appends the unpacked size to every payload; gzip's own trailer has it in any case.
    (size,) = struct.unpack("<I", payload[-4:])
    if size > min(_LIMIT, most_plain(length)):
        raise KtstrError(f"damaged: the payload claims to hold {size} bytes")
    unpack = next((unpack for magic, unpack in _FORMATS if payload.startswith(magic)), None)
    if unpack is None:
        raise KtstrError(f"compressed in an unknown format (starts with {payload[:4].hex()})")
    image = unpack(payload, size + 1)
    if len(image) != size:
        raise KtstrError(f"damaged: the payload does not hold the {size} bytes that it claims")
    if not image.startswith(_ELF64) or image[18:20] != machine.elf_machine.to_bytes(2, "little"):
        raise KtstrError(f"the payload is not an ELF image for {machine.name}")
    return image
