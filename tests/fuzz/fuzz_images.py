"""Kernel images: the boot image's header and its compressed payload, and what is read of the kernel in it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import zstandard
from debian_archive import boot_image, config, elf
from fuzz_target import Target

from ktstr.kernel.images.file import image_kernel

__all__ = ["IMAGES"]

_BANNER = b"Linux version 7.3.4-mine (me@here) #1 SMP\n\0"
_PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: zstandard.compress(data, 1),
    lambda data: gzip.compress(data, 1, mtime=0),
    lambda data: lzma.compress(data, preset=0),
    lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0),
    lambda data: bz2.compress(data, 1),
    bytes,
)


def _run(data: bytes, folder: Path) -> None:
    """The first byte says how the rest is packed: into a whole image, as its payload, or not at all."""
    if not data:
        return
    packer, rest = data[0] % 16, data[1:]
    if packer < len(_PACKERS):
        content = boot_image(b"", _PACKERS[packer](rest) + struct.pack("<I", len(rest)))
    else:
        content = boot_image(b"", rest) if packer == 15 else rest
    path = folder / "vmlinuz"
    path.write_bytes(content)
    kernel = image_kernel(path, folder)
    assert kernel.image.read_bytes() == content or packer < 16
    kernel.config.read_text()
    for left in folder.iterdir():
        left.unlink()


def _seeds() -> list[bytes]:
    packed = gzip.compress(config("7.3.4").encode(), mtime=0)
    image = elf(200) + _BANNER + b"IKCFG_ST" + packed + b"IKCFG_ED"
    made = [bytes([number]) + image for number in range(len(_PACKERS))]
    payloads = [b"\x0f" + pack(image) + struct.pack("<I", len(image)) for pack in _PACKERS]
    return [*made, *payloads, b"\x0e" + image, b"\x0e" + boot_image(image)]


IMAGES = Target("images", _seeds, _run)
"""A kernel's image given as a file: vmlinuz in each compression, or the ELF file in it."""
