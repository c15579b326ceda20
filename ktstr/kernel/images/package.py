"""Kernels out of a distribution's packages: the files in one, and the entry of the cache that is made of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ktstr.base.cache import entry
from ktstr.base.errors import KtstrError
from ktstr.kernel import store
from ktstr.kernel.archive.deb import read_files
from ktstr.kernel.model import Kernel
from ktstr.kernel.spec import Version

__all__ = ["Content", "Package", "image_files", "keep", "one_file", "package_files"]

_IMAGE_LIMIT = 256 << 20


@dataclass(frozen=True)
class Package:
    """The package that has a kernel's image: whose it is, where it was, how far that was verified, and its file."""

    distribution: str
    suite: str
    trust: str
    file: str
    sha256: str
    version: str


@dataclass(frozen=True)
class Content:
    """What a kernel's entry consists of: the decompressed image, and the configuration with the package that had it.

    `note` is what the user should know about the configuration.
    """

    image: bytes
    config: str
    config_from: str
    note: str = ""


def keep(
    key: str, version: Version, release: str, package: Package, make: Callable[[list[Path]], Content]
) -> Kernel:
    """The kernel of that key, made unless it is in the cache.

    `make` puts the packages that it downloads into its argument; they are removed afterwards.
    """
    what = f"kernel {version} ({release})"
    packages: list[Path] = []

    def fill(folder: Path) -> None:
        content = make(packages)
        note = f"; {content.note}" if content.note else ""
        facts = {
            "version": str(version),
            "release": release,
            "source": f"{package.distribution} {package.suite}, {package.file}, {package.trust}{note}",
            "package": package.file,
            "package_sha256": package.sha256,
            "package_version": package.version,
            "suite": package.suite,
            "trust": package.trust,
            "image_sha256": hashlib.sha256(content.image).hexdigest(),
            "config_from": content.config_from,
            "config_sha256": hashlib.sha256(content.config.encode()).hexdigest(),
            "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        store.write(folder, content.image, content.config, facts)

    store.make_room(key)
    entry("kernels", key, what, fill)
    for downloaded in packages:
        downloaded.unlink(missing_ok=True)
    found = store.find_kernel(key)
    if found is None:
        raise KtstrError(f"{what}: cache entry {key} is damaged; remove it and fetch again")
    return found


def package_files(package: Path, name: str) -> dict[str, bytes]:
    """The images and configurations in a downloaded package, by their paths; `name` is for messages."""
    with package.open("rb") as file:
        return image_files(file, name)


def image_files(file: IO[bytes], name: str) -> dict[str, bytes]:
    """The images and configurations in a package that is read from `file`."""
    return read_files(file, name, _is_image_or_config, _IMAGE_LIMIT)


def _is_image_or_config(path: str) -> bool:
    """`boot/vmlinuz-<release>` and `boot/config-<release>`; in Debian from 7.2 on in `usr/lib/modules/<release>/`."""
    return (
        re.fullmatch(r"boot/(vmlinuz|config)-[^/]+|usr/lib/modules/[^/]+/(vmlinuz|config)", path) is not None
    )


def one_file(files: Mapping[str, bytes], name: str, package: str) -> bytes:
    """The content of the file called `name` or `name-<release>`; KtstrError if the package has none."""
    for path, content in files.items():
        if path.rpartition("/")[2].partition("-")[0] == name:
            return content
    raise KtstrError(f"{package}: holds no {name}")
