"""Kernel sources from kernel.org.

`releases.json` tells what is maintained: <https://www.kernel.org/releases.json>. `v7.x/sha256sums.asc` lists every
tarball of a major version with its SHA-256 and is clear-signed. A release candidate is a snapshot that git makes, in no
signed list; it is to be had from git.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ktstr.base.download import fetch as download
from ktstr.base.download import get, size_of
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.signature import open_signed
from ktstr.kernel.archive.unpack import unpack
from ktstr.kernel.settings import KernelOrgSettings, kernel_org_settings
from ktstr.kernel.sources.source import Code, Offer, Wish
from ktstr.kernel.spec import Exact, Latest, Longterm, Mainline, Major, Range, Series, Version, parse_version

__all__ = ["NAME", "Maintained", "maintained", "offers"]

NAME = "kernel.org"
_RELEASES_LIMIT = 1 << 20
_SUMS_LIMIT = 8 << 20
_TARBALL = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>linux-(?P<version>[0-9.]+)\.tar\.xz)")


@dataclass(frozen=True)
class Maintained:
    """A kernel of releases.json. `moniker` is mainline, stable, longterm or linux-next; `ended`: no further update
    will come."""

    moniker: str
    version: Version
    ended: bool


def maintained() -> list[Maintained]:
    """What kernel.org maintains now; raises `Unreachable`, and KtstrError where it is no releases.json."""
    settings = kernel_org_settings()
    what = "kernel.org's list of releases"
    content = get(settings.releases, _RELEASES_LIMIT, what)
    try:
        releases: list[dict[str, Any]] = json.loads(content)["releases"]
        listed = [(str(one["moniker"]), str(one["version"]), bool(one["iseol"])) for one in releases]
    except (ValueError, KeyError, TypeError) as error:
        raise KtstrError(
            f"{what}: {settings.releases}: not a releases.json; a proxy or a login page may have answered"
        ) from error
    # linux-next's versions are dates
    return [
        Maintained(moniker, parse_version(version), ended)
        for moniker, version, ended in listed
        if re.fullmatch(r"[0-9]+\.[0-9.]+(-rc[0-9]+)?", version)
    ]


def offers(wish: Wish) -> list[Offer]:
    """The tarballs that kernel.org has of `wish`."""
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
