"""Extracting the kernel from a vmlinuz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import pytest
import zstandard
from debian_archive import boot_image, elf

from ktstr.base.errors import KtstrError
from ktstr.base.machine import X86_64
from ktstr.kernel.images.vmlinuz import decompress

IMAGE = elf()
SIZE = struct.pack("<I", len(IMAGE))
X86 = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2}]


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(zstandard.compress(IMAGE) + SIZE, id="zstd"),
        pytest.param(gzip.compress(IMAGE), id="gzip"),
        pytest.param(lzma.compress(IMAGE, check=lzma.CHECK_CRC32, filters=X86) + SIZE, id="xz"),
        pytest.param(lzma.compress(IMAGE, lzma.FORMAT_ALONE) + SIZE, id="lzma"),
        pytest.param(bz2.compress(IMAGE) + SIZE, id="bzip2"),
    ],
)
def test_compressions(payload: bytes) -> None:
    assert decompress(boot_image(IMAGE, payload), "vmlinuz", X86_64) == IMAGE


def test_a_zstd_stream_without_its_size_is_read_too() -> None:
    # as `zstd -` writes it, which is what the kernel's build calls
    compressor = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    payload = compressor.compress(IMAGE) + compressor.flush() + SIZE
    assert decompress(boot_image(IMAGE, payload), "vmlinuz", X86_64) == IMAGE


@pytest.mark.parametrize(
    ("vmlinuz", "message"),
    [
        (b"", "not a Linux x86 boot image"),
        (IMAGE, "not a Linux x86 boot image"),
        (boot_image(IMAGE)[:5000], "truncated"),
        (boot_image(IMAGE, b"\x02\x21\x4c\x18" + bytes(20)), "compressed with lz4, which is not supported"),
        (boot_image(IMAGE, bytes(20)), "unknown format"),
        (boot_image(IMAGE, zstandard.compress(IMAGE)[:-9] + SIZE), "damaged"),
        (boot_image(IMAGE, zstandard.compress(IMAGE) + struct.pack("<I", 5)), "damaged"),
        (boot_image(IMAGE, zstandard.compress(IMAGE[:-1]) + SIZE), "damaged"),
        (boot_image(IMAGE, gzip.compress(IMAGE)[:500] + SIZE), "damaged"),
        (
            boot_image(IMAGE, zstandard.compress(b"text") + struct.pack("<I", 4)),
            "not an ELF image for x86_64",
        ),
        (boot_image(IMAGE)[:0x206] + b"\x07\x02" + boot_image(IMAGE)[0x208:], r"boot protocol 2\.07"),
    ],
)
def test_a_file_that_is_not_a_boot_image_is_refused(vmlinuz: bytes, message: str) -> None:
    with pytest.raises(KtstrError, match=f"^vmlinuz-7.0: .*{message}") as caught:
        decompress(vmlinuz, "vmlinuz-7.0", X86_64)
    assert "\n" not in str(caught.value)


def test_a_bomb_stops_at_the_size_it_claims() -> None:
    payload = zstandard.compress(bytes(100 << 20)) + struct.pack("<I", 1000)
    with pytest.raises(KtstrError, match="does not hold the 1000 bytes"):
        decompress(boot_image(IMAGE, payload), "vmlinuz", X86_64)
