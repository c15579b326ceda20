"""A published kernel's image with its DWARF, which Debian has in a package of some 350 MB.

The package is `linux-image-<release>-dbg`. The archive's index drops those of older builds before it drops their
kernels.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import IO, cast

from ktstr.base.cache import locked
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.apt import Archive, PoolFile, open_archive
from ktstr.kernel.archive.deb import data_archive, members
from ktstr.kernel.archive.kernels import kernel_stanzas, pool_file
from ktstr.kernel.model import Kernel
from ktstr.kernel.settings import debian_settings

__all__ = ["debug_image", "fetch_debug_image"]

_IMAGE = re.compile(r"(\./)?usr/lib/debug/(lib/modules/[^/]+/vmlinux|boot/vmlinux-[^/]+)")


def debug_image(kernel: Kernel) -> Path:
    """The path of a kernel's image with its DWARF, beside the kernel's own; the file need not exist."""
    return kernel.image.with_name("vmlinux.debug")


def fetch_debug_image(kernel: Kernel) -> Path:
    """A kernel's image with its DWARF, fetched from Debian's archive and verified unless it is in the cache.

    KtstrError if the kernel is not Debian's, or the archive no longer has its package.
    """
    path = debug_image(kernel)
    what = f"debug symbols of kernel {kernel.version} ({kernel.release})"
    folder = path.parent
    with locked(folder.with_name(f".{folder.name}.debug.lock"), what):
        if path.is_file():
            return path
        archive = open_archive()
        published = _published(archive, kernel, what)
        package = archive.pool_file(published, what)
        partial = path.with_suffix(".partial")
        try:
            _unpack(package, published.name, partial, what)
            partial.replace(path)
        except OSError as error:
            raise KtstrError(f"{what}: {error.filename or partial}: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)
        package.unlink(missing_ok=True)
    return path


def _published(archive: Archive, kernel: Kernel, what: str) -> PoolFile:
    """The debug package of exactly the kernel's build."""
    name = f"linux-image-{kernel.release}-dbg"
    version = json.loads(kernel.image.with_name("manifest.json").read_text()).get("package_version")
    if version is None:
        raise KtstrError(f"{what}: not a published kernel; `kernel-build --debug` builds one with them")
    for suite in debian_settings().suites:
        for stanza in kernel_stanzas(archive, suite):
            if (stanza["Package"], stanza["Version"]) == (name, version):
                return pool_file(stanza)
    raise KtstrError(f"{what}: no suite lists {name} {version}; `kernel-list` has newer kernels")


def _unpack(package: Path, name: str, image: Path, what: str) -> None:
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    size = package.stat().st_size
    with (
        package.open("rb") as file,
        Progress.wrapattr(file, "read", size, desc=f"unpacking {what}") as read,
        data_archive(cast(IO[bytes], read), name) as archive,
    ):
        for member in members(archive):
            # The other names of the image are links to it.
            if member.isreg() and _IMAGE.fullmatch(member.name):
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                with image.open("wb") as copy:
                    shutil.copyfileobj(content, copy, 1 << 20)
                return
    raise KtstrError(f"{what}: {name} holds no vmlinux")
