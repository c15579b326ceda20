"""A kernel image that a user has as a file: `arch/x86/boot/bzImage`, `/boot/vmlinuz-7.0.13`, `vmlinux`."""

from __future__ import annotations

import hashlib
import re
import zlib
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.images.vmlinuz import decompress
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import parse_version

__all__ = ["image_kernel"]

# At most 64 characters of those that the kernel's build accepts: it becomes a part of a file's name.
_VERSION = rb"[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,5})?(?:-rc[0-9]{1,3})?"
_BANNER = re.compile(rb"Linux version ((" + _VERSION + rb")(?![0-9])[A-Za-z0-9._+~-]{0,44}) ")
_ELF = b"\x7fELF"
_SCHED_EXT = re.compile(r"^CONFIG_SCHED_CLASS_EXT=y$", re.MULTILINE)


def image_kernel(path: Path, folder: Path) -> Kernel:
    """The kernel in the image at `path`. What has to be unpacked is written into `folder`.

    Its configuration is the one that it carries (CONFIG_IKCONFIG=y), else `config-<release>` or `.config` beside it;
    without any of them it is empty. KtstrError if the file is no image that can be booted here.
    """
    where = f"kernel {path}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KtstrError(f"{where}: {error.strerror}") from None
    elf = content if content.startswith(_ELF) else decompress(content, where, machine_of_host())
    banner = _BANNER.search(elf)
    if banner is None:
        raise KtstrError(f"{where}: not a Linux image: it names no version")
    release = banner[1].decode("ascii", "replace")
    version = str(parse_version(banner[2].decode("ascii")))
    image, config = folder / "vmlinux", folder / "config"
    image.write_bytes(elf)
    text = _carried(elf) or _beside(path, release)
    config.write_text(text)
    digest = hashlib.sha256(elf).hexdigest()
    return Kernel(
        key=f"{version}-image-{digest[:8]}",
        version=version,
        release=release,
        source=f"the image {path}",
        image=image,
        image_sha256=digest,
        config=config,
        sched_ext=_SCHED_EXT.search(text) is not None,
    )


def _carried(elf: bytes) -> str:
    """The configuration inside an image, between the marks that kernel/configs.c puts around it."""
    begin, end = elf.find(b"IKCFG_ST\x1f\x8b"), elf.find(b"IKCFG_ED")
    if not 0 <= begin < end:
        return ""
    try:
        return zlib.decompress(elf[begin + 8 : end], wbits=31).decode("utf-8", "replace")
    except zlib.error:
        return ""


def _beside(path: Path, release: str) -> str:
    """The configuration of an installed kernel, or of the tree that an image was built in."""
    # arch/x86/boot/bzImage is three folders below the tree's top.
    folders = [path.parent, *path.absolute().parents[1:4]]
    names = [folders[0] / f"config-{release}", *(folder / ".config" for folder in folders)]
    for name in names:
        if name.is_file():
            return name.read_text(encoding="utf-8", errors="replace")
    return ""
