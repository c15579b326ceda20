"""Kernels out of Fedora's repositories: `kernel-core` has the image and its configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ktstr.base.cache import digest
from ktstr.base.download import NotFound
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.archive.repodata import Repository, RpmPackage, open_repository
from ktstr.kernel.archive.rpm import read_rpm_files
from ktstr.kernel.images.package import Content, Package, keep, one_file
from ktstr.kernel.images.source import Image
from ktstr.kernel.images.vmlinuz import decompress
from ktstr.kernel.model import Kernel
from ktstr.kernel.settings import fedora_settings
from ktstr.kernel.spec import Version, parse_version

__all__ = ["FEDORA", "FedoraImages"]

_TRUST = "checked against Fedora's metalink"
_LIMIT = 256 << 20
_CANDIDATE = re.compile(r"0\.rc([0-9]{1,3})\..*")
_WANTED = re.compile(r"lib/modules/[^/]+/(vmlinuz|config)")


@dataclass(frozen=True)
class _Published:
    """A kernel in a repository, which the settings call `name`."""

    version: Version
    name: str
    repository: Repository
    package: RpmPackage

    @property
    def release(self) -> str:
        """What `uname -r` prints."""
        return f"{self.package.version}-{self.package.release}.{self.package.architecture}"

    @property
    def key(self) -> str:
        """The cache key: it changes with the package's content."""
        return f"{self.version}-{FEDORA.NAME}-{digest(self.release, self.package.sha256)[:8]}"


@dataclass(frozen=True)
class FedoraImages:
    """Fedora's kernels, as an ImageSource."""

    NAME: str = "fedora"
    TITLE: str = "Fedora's list of mirrors"

    def address(self) -> str:
        """The address of the metalinks."""
        return fedora_settings().metalink

    def images(self, *, refresh: bool = False) -> list[Image]:
        """The kernels of this host's architecture in the settings' repositories, newest first; see ImageSource.

        They are asked each time, whatever `refresh` says: a metalink has no date that could be too old.
        """
        kernels: dict[str, _Published] = {}
        settings, missing = fedora_settings(), []
        for name in settings.repositories:
            try:
                for kernel in _kernels_in(name, settings.metalink):
                    kernels.setdefault(kernel.key, kernel)
            except NotFound:
                missing.append(name)
        if len(missing) == len(settings.repositories):
            raise KtstrError(
                f"{settings.metalink}: has none of the repositories {', '.join(missing)}; see KTSTR_FEDORA_METALINK"
            )
        return [
            Image(
                version=kernel.version,
                release=kernel.release,
                key=kernel.key,
                source=self.NAME,
                where=f"Fedora {kernel.name}, {_TRUST}",
                size=kernel.package.size,
                longterm=False,
                fetch=partial(_fetch, kernel),
            )
            for kernel in sorted(kernels.values(), key=lambda one: one.version, reverse=True)
        ]


FEDORA = FedoraImages()
"""Fedora's kernels."""


def _kernels_in(name: str, metalink: str) -> list[_Published]:
    """The kernels of a repository, by the name that Fedora's mirror list has for it."""
    what = f"Fedora {name} repository"
    architecture = machine_of_host().name
    address = metalink.format(repository=name, architecture=architecture)
    repository = open_repository(address, what)
    return [
        _Published(version, name, repository, package)
        for package in repository.packages(lambda package: package == "kernel-core", what)
        if package.architecture == architecture and (version := _version(package)) is not None
    ]


def _version(package: RpmPackage) -> Version | None:
    """The upstream version: of a release candidate (`7.3.0-0.rc7...`) it is in the release; None in another form."""
    candidate = _CANDIDATE.fullmatch(package.release)
    try:
        return parse_version(package.version + (f"-rc{candidate[1]}" if candidate else ""))
    except KtstrError:
        return None


def _fetch(kernel: _Published) -> Kernel:
    """The kernel, downloaded and unpacked unless it is in the cache."""
    what = f"kernel {kernel.version} ({kernel.release})"
    file = kernel.package.file

    def make(packages: list[Path]) -> Content:
        downloaded = kernel.repository.package(kernel.package, what)
        packages.append(downloaded)
        with downloaded.open("rb") as opened:
            files = read_rpm_files(opened, file, lambda path: _WANTED.fullmatch(path) is not None, _LIMIT)
        image = decompress(one_file(files, "vmlinuz", file), file, machine_of_host())
        return Content(image, one_file(files, "config", file).decode(errors="replace"), file)

    version = f"{kernel.package.version}-{kernel.package.release}"
    package = Package("Fedora", kernel.name, _TRUST, file, kernel.package.sha256, version)
    return keep(kernel.key, kernel.version, kernel.release, package, make)
