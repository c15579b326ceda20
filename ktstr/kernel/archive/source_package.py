"""Upstream tarballs from Debian source packages."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from debian.debian_support import Version

from ktstr.base import seal
from ktstr.base.cache import cache_dir, discard, entry
from ktstr.base.download import Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.apt import Archive, PoolFile, Release, open_archive
from ktstr.kernel.settings import debian_settings

__all__ = ["fetch_source"]

_TARBALL = re.compile(r"\.orig\.tar\.(gz|xz|bz2|zst)$")
_SIZE = re.compile("[0-9]{1,15}")


def fetch_source(package: str, minimum: str, suites: tuple[str, ...] | None = None) -> Path:
    """The upstream tarball (`*.orig.tar.*`) of a Debian source package, of version `minimum` or later.

    The first of `suites` (default: the settings') that has one decides, so that the answer is the same on
    every machine as long as that suite has it. Once fetched, the newest in the cache is used without
    asking the network. Raises KtstrError if no suite has it, `Unreachable` without a network.
    """
    if (kept := _cached(package, minimum)) is not None:
        return kept
    archive = open_archive()
    searched = suites or debian_settings().suites
    try:
        for suite in searched:
            release = archive.release(suite)
            found = _newest(archive, release, package, minimum) if release else None
            if found is not None:
                version, file = found
                return _fetch(archive, package, version, file)
    except Unreachable as error:
        raise Unreachable(
            f"source package {package}",
            f"no version from {minimum} on in the cache, and the Debian mirror cannot be reached ({error.why}); "
            "connect once where there is a network",
        ) from error
    raise KtstrError(
        f"source package {package}: no version from {minimum} on in {', '.join(searched)} of {archive.url}"
    )


def _upstream(version: str) -> str:
    return str(Version(version).upstream_version)


def _cached(package: str, minimum: str) -> Path | None:
    """`<cache>/sources/<package>-<upstream version>-<8 hex>/<tarball>`, the newest from `minimum` on."""
    pattern = re.compile(re.escape(package) + r"-(\d.*)-[0-9a-f]{8}")
    folder = cache_dir() / "sources"
    entries = list(folder.iterdir()) if folder.is_dir() else []
    versions = [(Version(match[1]), path) for path in entries if (match := pattern.fullmatch(path.name))]
    usable = sorted((version, path) for version, path in versions if version >= Version(minimum))
    for _, path in reversed(usable):
        if seal.is_sealed(path) and (damage := seal.damage(path)):
            print(f"ktstr: {path}: {damage}; fetching it again", file=sys.stderr, flush=True)
            discard("sources", path.name, "removing a damaged source")
        elif files := list(path.iterdir()):
            return files[0]
    return None


def _newest(archive: Archive, release: Release, package: str, minimum: str) -> tuple[str, PoolFile] | None:
    """The newest upstream version in a suite from `minimum` on, and its tarball."""
    stanzas = archive.stanzas(
        release, "main/source/Sources.xz", lambda name: name == package, f"source-{package}"
    )
    found = []
    for stanza in stanzas:
        version = stanza["Version"]
        for line in stanza.get("Checksums-Sha256", "").splitlines():
            match line.split():
                case [sha256, size, name] if _TARBALL.search(name) and _SIZE.fullmatch(size):
                    file = PoolFile(f"{stanza.get('Directory', '')}/{name}", int(size), sha256)
                    found.append((Version(version), _upstream(version), file))
    usable = [
        (version, upstream, file)
        for version, upstream, file in found
        if Version(upstream) >= Version(minimum)
    ]
    if not usable:
        return None
    _, upstream, file = max(usable, key=lambda one: one[0])
    return upstream, file


def _fetch(archive: Archive, package: str, version: str, file: PoolFile) -> Path:
    what = f"source of {package} {version}"

    def make(folder: Path) -> None:
        shutil.move(archive.pool_file(file, what), folder / file.name)

    return entry("sources", f"{package}-{version}-{file.sha256[:8]}", what, make) / file.name
