"""Kernels out of Debian's archive, by flavour; `kernel/archive/kernels.py` says which packages they are in."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from debian.debian_support import Version as PackageVersion

from ktstr.base.cache import digest
from ktstr.base.download import NotFound, get
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.archive.apt import Archive, PoolFile, open_archive
from ktstr.kernel.archive.deb822 import Stanza
from ktstr.kernel.archive.kernels import kernel_stanzas, pool_file, upstream_version
from ktstr.kernel.images.package import Content, Package, image_files, keep, one_file, package_files
from ktstr.kernel.images.source import Image
from ktstr.kernel.images.vmlinuz import decompress
from ktstr.kernel.model import Kernel
from ktstr.kernel.settings import debian_settings
from ktstr.kernel.spec import Version

__all__ = ["CLOUD", "GENERIC", "REALTIME", "DebianImages"]

# Debian has one series in its stable release, which it maintains for years.
_LONGTERM_SUITE = "stable"

# Best first: signed packages are what boots in production, and unsigned ones are the same bytes otherwise.
_IMAGE_PACKAGES = ("linux-binary-{}", "linux-image-{}", "linux-binary-unsigned-{}", "linux-image-{}-unsigned")
_CONFIG_VERSION = re.compile(r"^# Linux/\S+ (\S+) Kernel Configuration$", re.MULTILINE)
_PACKAGE_LIMIT = 16 << 20


@dataclass(frozen=True)
class _Published:
    """A kernel in the archive, of the source `name`.

    `config` is None if no index lists the package with its configuration.
    """

    name: str
    version: Version
    release: str
    package_version: str
    suite: str
    trust: str
    image: PoolFile
    config: PoolFile | None

    @property
    def key(self) -> str:
        """The cache key: it changes with the package's content."""
        return f"{self.version}-{self.name}-{digest(self.release, self.image.sha256)[:8]}"


@dataclass(frozen=True)
class _Configuration:
    """A kernel's configuration, the package it is from, and what the user should know about it."""

    text: str
    origin: str
    note: str = ""


@dataclass(frozen=True)
class DebianImages:
    """One flavour of Debian's kernels, as an ImageSource.

    `flavour` is what is before the architecture in the names of its releases (`cloud` in `7.0.13+deb13-cloud-amd64`),
    empty for the flavour that has no name there.
    """

    NAME: str
    flavour: str
    TITLE: str = "the Debian mirror"

    def address(self) -> str:
        """The mirror's address."""
        return open_archive().url

    def images(self, *, refresh: bool = False) -> list[Image]:
        """The kernels of this host's architecture in the settings' suites, newest first; see ImageSource."""
        archive = open_archive()
        kernels = self._kernels(archive, refresh=refresh)
        return [
            Image(
                version=kernel.version,
                release=kernel.release,
                key=kernel.key,
                source=self.NAME,
                where=f"Debian {kernel.suite}, {kernel.trust}",
                size=kernel.image.size,
                longterm=kernel.suite == _LONGTERM_SUITE,
                fetch=partial(_fetch, archive, kernel, kernels),
            )
            for kernel in kernels
        ]

    def _kernels(self, archive: Archive, *, refresh: bool) -> list[_Published]:
        """The kernels of the settings' suites, newest first.

        A kernel in several suites is listed once, for the first. Raises KtstrError if the mirror has no suite of them.
        """
        kernels: dict[tuple[Version, str], _Published] = {}
        for release in archive.releases(debian_settings().suites, "KTSTR_DEBIAN_MIRROR", refresh=refresh):
            suite = release.suite
            for kernel in self.kernels_in(kernel_stanzas(archive, suite), suite, release.trust):
                kernels.setdefault((kernel.version, kernel.release), kernel)
        order = sorted(kernels.values(), key=lambda one: (one.version, PackageVersion(one.package_version)))
        return order[::-1]

    def kernels_in(self, stanzas: list[Stanza], suite: str, trust: str) -> list[_Published]:
        """The kernels in a suite's packages."""
        by_name: dict[str, list[Stanza]] = {}
        for stanza in stanzas:
            by_name.setdefault(stanza["Package"], []).append(stanza)
        releases = {match[1] for name in by_name if (match := self._package.fullmatch(name))}
        found = []
        for release in sorted(releases):
            package = next(name for form in _IMAGE_PACKAGES if (name := form.format(release)) in by_name)
            for stanza in by_name[package]:
                version = upstream_version(stanza["Version"])
                if version is None:
                    continue
                base = [
                    one
                    for one in by_name.get(f"linux-base-{release}", [])
                    if one["Version"] == stanza["Version"]
                ]
                whole = package.startswith("linux-image-")
                config = pool_file(base[0]) if base else pool_file(stanza) if whole else None
                image = pool_file(stanza)
                found.append(
                    _Published(self.NAME, version, release, stanza["Version"], suite, trust, image, config)
                )
        return found

    @property
    def _package(self) -> re.Pattern[str]:
        """Matches a package with a kernel of this flavour; its group is the kernel's release."""
        architecture = machine_of_host().debian_architecture
        # What has no flavour in its name is recognized by having no other.
        flavour = f"-{self.flavour}" if self.flavour else "".join(f"(?<!-{other})" for other in _FLAVOURS)
        return re.compile(
            rf"linux-(?:image|binary|binary-unsigned)-([0-9]\S*{flavour}-{architecture})(?:-unsigned)?"
        )


_FLAVOURS = ("cloud", "rt")
CLOUD = DebianImages("debian", "cloud")
"""The kernels for virtual machines: small, and with everything that is needed to boot built in."""
GENERIC = DebianImages("debian-generic", "")
"""The kernels that Debian installs on real machines."""
REALTIME = DebianImages("debian-rt", "rt")
"""The same with PREEMPT_RT."""


def _fetch(archive: Archive, kernel: _Published, others: Sequence[_Published]) -> Kernel:
    """The kernel, downloaded and unpacked unless it is in the cache.

    The nearest configuration of `others` is used if the archive no longer has this kernel's own.
    """
    what = f"kernel {kernel.version} ({kernel.release})"

    def make(packages: list[Path]) -> Content:
        downloaded = archive.pool_file(kernel.image, what)
        packages.append(downloaded)
        files = package_files(downloaded, kernel.image.name)
        image = decompress(
            one_file(files, "vmlinuz", kernel.image.name), kernel.image.name, machine_of_host()
        )
        config = _configuration(archive, kernel, files, others, packages)
        return Content(image, config.text, config.origin, config.note)

    package = Package(
        *("Debian", kernel.suite, kernel.trust),
        *(kernel.image.name, kernel.image.sha256, kernel.package_version),
    )
    return keep(kernel.key, kernel.version, kernel.release, package, make)


def _configuration(
    archive: Archive,
    kernel: _Published,
    files: dict[str, bytes],
    others: Sequence[_Published],
    used: list[Path],
) -> _Configuration:
    """The kernel's configuration; `files` are the image package's. Downloaded packages go into `used`."""
    what = f"configuration of kernel {kernel.version}"
    if kernel.config == kernel.image:
        return _Configuration(one_file(files, "config", kernel.image.name).decode(), kernel.image.name)
    if kernel.config is not None:
        return _Configuration(_listed(archive, kernel.config, what, used), kernel.config.name)
    # For a suite's older kernels, the packages that are built apart from the signed one disappear, first from
    # the index and later from the pool.
    if (text := _unlisted(archive, kernel, what)) is not None:
        origin = f"linux-base-{kernel.release}"
        return _Configuration(text, origin, f"configuration from {origin}, which no signed index lists")
    nearest = _nearest(kernel, others)
    if nearest is None or nearest.config is None:
        raise KtstrError(f"{what}: not on {archive.url} any more; try another kernel than {kernel.version}")
    note = f"configuration from kernel {nearest.version}, its own is no longer published"
    return _Configuration(_listed(archive, nearest.config, what, used), nearest.config.name, note)


def _listed(archive: Archive, file: PoolFile, what: str, used: list[Path]) -> str:
    package = archive.pool_file(file, what)
    used.append(package)
    return one_file(package_files(package, file.name), "config", file.name).decode()


def _unlisted(archive: Archive, kernel: _Published, what: str) -> str | None:
    """The configuration from the pool, by the package's canonical name, if it names this version; else None."""
    name = f"linux-base-{kernel.release}_{kernel.package_version}_{machine_of_host().debian_architecture}.deb"
    try:
        content = get(archive.address(f"pool/main/l/linux/{name}"), _PACKAGE_LIMIT, what)
    except NotFound:
        return None
    files = image_files(io.BytesIO(content), name)
    text = one_file(files, "config", name).decode()
    match = _CONFIG_VERSION.search(text)
    return text if match and match[1] == str(kernel.version) else None


def _nearest(kernel: _Published, others: Sequence[_Published]) -> _Published | None:
    """The kernel nearest in version whose configuration is in a package without modules."""
    having = [one for one in others if one.config is not None and one.config != one.image]
    later = [one for one in having if one.version > kernel.version]
    earlier = [one for one in having if one.version <= kernel.version]
    if later:
        return min(later, key=lambda one: one.version)
    return max(earlier, key=lambda one: one.version, default=None)
