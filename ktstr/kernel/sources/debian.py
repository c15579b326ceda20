"""Kernel sources out of Debian's archive: the packages `linux-source-X.Y`."""

from __future__ import annotations

import re
from pathlib import Path

from ktstr.kernel.archive.apt import Archive, PoolFile, open_archive
from ktstr.kernel.archive.kernels import kernel_stanzas, pool_file, upstream_version
from ktstr.kernel.archive.unpack import unpack_debian
from ktstr.kernel.settings import debian_settings
from ktstr.kernel.sources.source import Code, Offer, Wish
from ktstr.kernel.spec import Version

__all__ = ["NAME", "PREFIX", "offers"]

NAME: str = "debian-source"
"""What KTSTR_SOURCES calls this origin of kernel sources."""
PREFIX: str = "debian"
"""What `--kernel` calls it, before a colon."""
_PACKAGE = re.compile(r"linux-source-[0-9]+\.[0-9]+")


def offers(wish: Wish) -> list[Offer]:
    """The sources that Debian publishes of `wish`; see CodeSource."""
    archive = open_archive()
    found: dict[Version, Offer] = {}
    for suite in debian_settings().suites:
        for stanza in kernel_stanzas(archive, suite):
            version = upstream_version(stanza["Version"])
            if version is None or not _PACKAGE.fullmatch(stanza["Package"]) or not wish.matches(version):
                continue
            release = archive.release(suite)
            assert release is not None  # it has stanzas
            found.setdefault(version, _offer(archive, version, pool_file(stanza), suite, release.trust))
    return list(found.values())


def _offer(archive: Archive, version: Version, file: PoolFile, suite: str, trust: str) -> Offer:
    where = f"Debian {suite}, {file.name}, {trust}"

    def fetch() -> Code:
        package = archive.pool_file(file, f"source of kernel {version}")

        def place(folder: Path) -> Path:
            unpack_debian(package, file.name, folder)
            return folder

        return Code(file.sha256, where, place)

    return Offer(version, NAME, where, file.size, file.sha256, fetch)
