"""Kernel sources from kernel.org.

`v7.x/sha256sums.asc` lists every tarball of a major version with its SHA-256 and is clear-signed. A release candidate
is a snapshot that git makes and in no signed list; get it from git.
"""

from __future__ import annotations

import re
from pathlib import Path

from ktstr.base.download import fetch as download
from ktstr.base.download import get, size_of
from ktstr.kernel.archive.signature import open_signed
from ktstr.kernel.archive.unpack import unpack
from ktstr.kernel.settings import KernelOrgSettings, kernel_org_settings
from ktstr.kernel.sources.maintained import maintained
from ktstr.kernel.sources.source import Code, Offer, Wish
from ktstr.kernel.spec import Exact, Latest, Longterm, Mainline, Major, Range, Series, Version, parse_version

__all__ = ["NAME", "PREFIX", "offers"]

NAME: str = "kernel.org"
"""What KTSTR_SOURCES calls this origin of kernel sources."""
PREFIX: str = "kernel.org"
"""What `--kernel` calls it, before a colon."""
_SUMS_LIMIT = 8 << 20
_TARBALL = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>linux-(?P<version>[0-9.]+)\.tar\.xz)")


def offers(wish: Wish) -> list[Offer]:
    """The tarballs that kernel.org has of `wish`; see CodeSource."""
    settings = kernel_org_settings()
    chosen, majors = _narrowed(wish)
    return [
        offer
        for major in majors
        for offer in _tarballs(settings, major)
        if chosen is None
        or (offer.version == chosen if isinstance(chosen, Version) else chosen.matches(offer.version))
    ]


def _narrowed(wish: Wish) -> tuple[Version | Series | Major | Range | Exact | None, list[int]]:
    """What to look for, and the major versions to look in."""
    match wish:
        case Exact(version):
            return version, [version.major]
        case Series(major, _) | Major(major):
            return wish, [major]
        case Range(first, last):
            return wish, list(range(first.major, last.major + 1))
    monikers = {Latest: ("stable", "mainline"), Longterm: ("longterm",), Mainline: ("mainline", "stable")}[
        type(wish)
    ]
    versions = [one.version for one in maintained() if one.moniker in monikers and one.version.released]
    if not versions:
        return None, []
    return max(versions), [max(versions).major]


def _tarballs(settings: KernelOrgSettings, major: int) -> list[Offer]:
    folder = f"{settings.mirror}/v{major}.x"
    what = f"kernel.org's checksums of {major}.x"
    signed = open_signed(get(f"{folder}/sha256sums.asc", _SUMS_LIMIT, what), settings.keyrings, what)
    found = []
    for line in signed.text.splitlines():
        match = _TARBALL.fullmatch(line)
        if match and re.fullmatch(r"[0-9]+\.[0-9]+(\.[0-9]+)?", match["version"]):
            version = parse_version(match["version"])
            found.append(
                _offer(f"{folder}/{match['name']}", match["name"], match["sha256"], version, signed.state)
            )
    return found


def _offer(url: str, name: str, sha256: str, version: Version, state: str) -> Offer:
    where = f"kernel.org, {name}, {state}"

    def fetch() -> Code:
        what = f"source of kernel {version}"
        archive = download(url, size=size_of(url, what), sha256=sha256, what=what)

        def place(folder: Path) -> Path:
            unpack(archive, name, folder)
            return folder

        return Code(sha256, where, place)

    return Offer(version, NAME, where, None, sha256, fetch)
