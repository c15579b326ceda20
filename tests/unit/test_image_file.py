"""A kernel image that a user has as a file, for a shell."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from debian_archive import boot_image, elf

from ktstr.base.errors import KtstrError
from ktstr.kernel.images.file import image_kernel

BANNER = b"Linux version 7.1.0-rc3-mine+ (somebody@somewhere) "
CONFIG = "CONFIG_SMP=y\nCONFIG_SCHED_CLASS_EXT=y\n"
IMAGE = elf() + BANNER


def test_a_boot_image_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bzImage"
    path.write_bytes(boot_image(IMAGE))
    kernel = image_kernel(path, tmp_path)
    assert (kernel.version, kernel.release) == ("7.1.0-rc3", "7.1.0-rc3-mine+")
    assert kernel.image.read_bytes() == IMAGE
    assert (kernel.config.read_text(), kernel.sched_ext) == ("", False)


def test_a_configuration_is_found_in_the_image_or_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "linux" / "arch" / "x86" / "boot" / "vmlinux"
    path.parent.mkdir(parents=True)
    path.write_bytes(IMAGE)
    (tmp_path / "linux" / ".config").write_text(CONFIG)
    assert image_kernel(path, tmp_path).config.read_text() == CONFIG
    path.write_bytes(IMAGE + b"IKCFG_ST" + gzip.compress(b"CONFIG_HZ=250\n") + b"IKCFG_ED")
    assert image_kernel(path, tmp_path).config.read_text() == "CONFIG_HZ=250\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"text", "not a Linux x86 boot image"), (elf(), "not a Linux image: it names no version")],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    with pytest.raises(KtstrError, match=f"^kernel {path}: {words}"):
        image_kernel(path, tmp_path)
