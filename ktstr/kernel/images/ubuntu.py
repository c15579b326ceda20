"""Kernels out of Ubuntu's archive, of the flavour `generic`, which Ubuntu installs everywhere but in clouds.

The image is in `linux-image-<release>` (`linux-image-unsigned-<release>` has the same one without a signature), its
configuration in `linux-modules-<release>`, which is large: Ubuntu has no smaller package with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from debian.debian_support import Version as PackageVersion

from ktstr.base.cache import digest
from ktstr.base.machine import machine_of_host
from ktstr.kernel.archive.apt import Archive, PoolFile, Release, open_archive
from ktstr.kernel.archive.deb822 import Stanza
from ktstr.kernel.archive.kernels import pool_file, upstream_version
from ktstr.kernel.images.package import Content, Package, keep, one_file, package_files
from ktstr.kernel.images.source import Image
from ktstr.kernel.images.vmlinuz import decompress
from ktstr.kernel.model import Kernel
from ktstr.kernel.settings import ubuntu_settings
from ktstr.kernel.spec import Version

__all__ = ["UBUNTU", "UbuntuImages"]

_PACKAGE = re.compile(r"linux-(?P<what>image|image-unsigned|modules)-(?P<release>[0-9]\S*-generic)")


@dataclass(frozen=True)
class _Published:
    """A kernel in the archive: the packages with its image and with its configuration."""

    version: Version
    release: str
    package_version: str
    suite: str
    trust: str
    image: PoolFile
    modules: PoolFile

    @property
    def key(self) -> str:
        """The cache key: it changes with the package's content."""
        return f"{self.version}-{UBUNTU.NAME}-{digest(self.release, self.image.sha256)[:8]}"


@dataclass(frozen=True)
class UbuntuImages:
    """Ubuntu's kernels, as an ImageSource. Their versions name the series alone: 6.17.0-8 is some 6.17.x."""

    NAME: str = "ubuntu"
    TITLE: str = "the Ubuntu mirror"

    def address(self) -> str:
        """The mirror's address."""
        return open_archive(ubuntu_settings()).url

    def images(self, *, refresh: bool = False) -> list[Image]:
        """The kernels of this host's architecture in the settings' suites, newest first; see ImageSource."""
        settings = ubuntu_settings()
        archive = open_archive(settings)
        kernels: dict[str, _Published] = {}
        for release in archive.releases(settings.suites, "KTSTR_UBUNTU_MIRROR", refresh=refresh):
            for kernel in _kernels_in(archive, release):
                kernels.setdefault(kernel.key, kernel)
        # Of one version, which is only a series, the newest package is the one that is meant: the first wins.
        order = sorted(kernels.values(), key=lambda one: (one.version, PackageVersion(one.package_version)))
        newest = {kernel.version: kernel for kernel in order}
        return [
            Image(
                version=kernel.version,
                release=kernel.release,
                key=kernel.key,
                source=self.NAME,
                where=f"Ubuntu {kernel.suite}, {kernel.trust}",
                size=kernel.image.size + kernel.modules.size,
                longterm=False,
                fetch=partial(_fetch, archive, kernel),
            )
            for kernel in sorted(newest.values(), key=lambda one: one.version, reverse=True)
        ]


UBUNTU = UbuntuImages()
"""Ubuntu's kernels."""


def _kernels_in(archive: Archive, release: Release) -> list[_Published]:
    """The kernels whose image and configuration are both in the suite of `release`."""
    index = f"main/binary-{machine_of_host().debian_architecture}/Packages.xz"
    stanzas = archive.stanzas(
        release, index, lambda name: _PACKAGE.fullmatch(name) is not None, "ubuntu-kernels"
    )
    by_name: dict[tuple[str, str], Stanza] = {}
    for stanza in stanzas:
        if (match := _PACKAGE.fullmatch(stanza["Package"])) is not None:
            by_name[match["what"], match["release"]] = stanza
    found = []
    for name in sorted({name for _, name in by_name}):
        # The signed image boots in production; the other one is the same otherwise.
        image = by_name.get(("image", name)) or by_name.get(("image-unsigned", name))
        modules = by_name.get(("modules", name))
        version = upstream_version(image["Version"]) if image is not None else None
        if image is not None and modules is not None and version is not None:
            files = pool_file(image), pool_file(modules)
            found.append(_Published(version, name, image["Version"], release.suite, release.trust, *files))
    return found


def _fetch(archive: Archive, kernel: _Published) -> Kernel:
    """The kernel, downloaded and unpacked unless it is in the cache."""
    what = f"kernel {kernel.version} ({kernel.release})"

    def make(packages: list[Path]) -> Content:
        found = {}
        for file, name in ((kernel.image, "vmlinuz"), (kernel.modules, "config")):
            downloaded = archive.pool_file(file, what)
            packages.append(downloaded)
            found[name] = one_file(package_files(downloaded, file.name), name, file.name)
        image = decompress(found["vmlinuz"], kernel.image.name, machine_of_host())
        return Content(image, found["config"].decode(errors="replace"), kernel.modules.name)

    package = Package(
        *("Ubuntu", kernel.suite, kernel.trust),
        *(kernel.image.name, kernel.image.sha256, kernel.package_version),
    )
    return keep(kernel.key, kernel.version, kernel.release, package, make)
