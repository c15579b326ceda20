"""Reading a repository of RPM packages as dnf does: metalink, `repomd.xml`, list of packages, package.

Each step names the next by its SHA-256. The first one, the metalink, comes from the distribution by https: it is what
Fedora's repositories are trusted by, whose `repomd.xml` is not signed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ktstr.base.download import NotFound, Unreachable, fetch, get
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.plain import DAMAGED, plain_stream

__all__ = ["Repository", "RpmPackage", "open_repository"]

_LIMIT = 4 << 20
_MIRRORS = 5  # how many are asked before the repository counts as out of reach
_METALINK = "{http://www.metalinker.org/}"
_REPO = "{http://linux.duke.edu/metadata/repo}"
_COMMON = "{http://linux.duke.edu/metadata/common}"
_SHA256, _SIZE = re.compile("[0-9a-f]{64}"), re.compile("[0-9]{1,15}")


@dataclass(frozen=True)
class RpmPackage:
    """A package as the repository's list describes it. `path` is relative to the repository's address."""

    name: str
    architecture: str
    version: str
    release: str
    path: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Repository:
    """A repository at one of its mirrors, by its verified `repomd.xml`."""

    url: str
    primary: str
    size: int
    sha256: str

    def packages(self, wanted: Callable[[str], bool], what: str) -> list[RpmPackage]:
        """The packages whose name is wanted; `what` names the repository in messages."""
        packed = fetch(self.address(self.primary), size=self.size, sha256=self.sha256, what=what)
        try:
            return list(_packages(packed, self.primary.rpartition(".")[2], wanted))
        except (*DAMAGED, ElementTree.ParseError, KtstrError) as error:
            raise KtstrError(f"{what}: {self.url}/{self.primary}: {' '.join(str(error).split())}") from error
        finally:
            packed.unlink(missing_ok=True)

    def package(self, package: RpmPackage, what: str) -> Path:
        """Download a package, verified, into the cache; the caller removes it after use."""
        return fetch(self.address(package.path), size=package.size, sha256=package.sha256, what=what)

    def address(self, path: str) -> str:
        """The URL of a path below the repository's address."""
        return f"{self.url}/{quote(path, safe='/+~^')}"


def open_repository(metalink: str, what: str) -> Repository:
    """The repository that a metalink names, at the first of its mirrors that has the `repomd.xml` which it describes.

    Raises `Unreachable` if the metalink or all of the mirrors cannot be reached, NotFound if there is no such
    repository, KtstrError for what is no metalink.
    """
    digests, addresses = _read_metalink(get(metalink, _LIMIT, what), what)
    problem: KtstrError = KtstrError(f"{what}: the metalink names no mirror")
    for address in addresses[:_MIRRORS]:
        try:
            content = get(address, _LIMIT, what)
        except (Unreachable, NotFound) as error:
            problem = error
            continue
        if sha256(content).hexdigest() in digests:
            return _read_repomd(content, address.removesuffix("/repodata/repomd.xml"), what)
        problem = KtstrError(f"{what}: {address}: its SHA-256 is none of those in the metalink; refused")
    raise problem


def _read_metalink(content: bytes, what: str) -> tuple[set[str], list[str]]:
    """The SHA-256s that `repomd.xml` may have, of now and of a little earlier, and its addresses, the best first."""
    root = _parsed(content, what)
    digests = {one.text or "" for one in root.iter(f"{_METALINK}hash") if one.get("type") == "sha256"}
    addresses = [
        one.text or "" for one in root.iter(f"{_METALINK}url") if one.get("protocol") in ("https", "http")
    ]
    if not digests or not all(map(_SHA256.fullmatch, digests)):
        raise KtstrError(f"{what}: not a metalink of a repository: it has no SHA-256")
    return digests, [one for one in addresses if one.endswith("/repodata/repomd.xml")]


def _parsed(content: bytes, what: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise KtstrError(
            f"{what}: not XML: {error}; a proxy or a login page may have answered instead"
        ) from error


def _read_repomd(content: bytes, url: str, what: str) -> Repository:
    for data in _parsed(content, what).iter(f"{_REPO}data"):
        if data.get("type") == "primary":
            location, digest = data.find(f"{_REPO}location"), data.findtext(f"{_REPO}checksum", "")
            size = data.findtext(f"{_REPO}size", "")
            path = location.get("href", "") if location is not None else ""
            if path and _SHA256.fullmatch(digest) and _SIZE.fullmatch(size):
                return Repository(url, path, int(size), digest)
    raise KtstrError(
        f"{what}: {url}/repodata/repomd.xml: describes no list of packages with its SHA-256 and size"
    )


def _packages(packed: Path, suffix: str, wanted: Callable[[str], bool]) -> Iterator[RpmPackage]:
    with packed.open("rb") as raw:
        plain = plain_stream(raw, suffix)
        if plain is None:
            raise KtstrError(f"unknown compression {suffix!r}; accepted are gz, bz2, xz and zst")
        for _, element in ElementTree.iterparse(plain):
            if element.tag != f"{_COMMON}package":
                continue
            if wanted(element.findtext(f"{_COMMON}name", "")):
                yield _package(element)
            element.clear()


def _package(element: ElementTree.Element) -> RpmPackage:
    """An entry of the list; KtstrError if it does not describe a package that can be fetched."""
    name = element.findtext(f"{_COMMON}name", "")

    def attribute(tag: str, attribute: str) -> str:
        found = element.find(f"{_COMMON}{tag}")
        return found.get(attribute, "") if found is not None else ""

    digest, size, path = (
        element.findtext(f"{_COMMON}checksum", ""),
        attribute("size", "package"),
        attribute("location", "href"),
    )
    if not (_SHA256.fullmatch(digest) and _SIZE.fullmatch(size) and path) or ".." in path.split("/"):
        raise KtstrError(f"package {name}: must have a location, a size and a SHA-256")
    return RpmPackage(
        name=name,
        architecture=element.findtext(f"{_COMMON}arch", ""),
        version=attribute("version", "ver"),
        release=attribute("version", "rel"),
        path=path,
        size=int(size),
        sha256=digest,
    )
