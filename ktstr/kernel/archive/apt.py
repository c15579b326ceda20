"""Reading an archive in Debian's format, Debian's or Ubuntu's: suite, signed release file, package index, package.

Each step names the next by SHA-256: the signed `InRelease` names the indexes, an index names the packages.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from debian.debian_support import Version as PackageVersion

from ktstr.base.cache import cache_dir, digest, entry, locked, refusals
from ktstr.base.download import NotFound, Unreachable, fetch, get
from ktstr.base.errors import KtstrError
from ktstr.base.from_json import from_json
from ktstr.base.values import shown
from ktstr.base.whole_file import write_whole
from ktstr.kernel.archive.deb822 import Stanza, stanzas
from ktstr.kernel.archive.mirror import mirrors
from ktstr.kernel.archive.plain import DAMAGED, plain_stream
from ktstr.kernel.archive.signature import open_signed
from ktstr.kernel.settings import ArchiveSettings, debian_settings

__all__ = ["Archive", "PoolFile", "Release", "open_archive"]

_RELEASE_LIMIT = 4 << 20
_CHUNK = 1 << 20
_SHA256, _SIZE = re.compile("[0-9a-f]{64}"), re.compile("[0-9]{1,15}")
# Debian's largest index has 65 MB in 70,000 entries, the longest of them 100 KB.
_LONGEST_INDEX, _LONGEST_ENTRY, _MOST_ENTRIES = 1 << 29, 4 << 20, 1_000_000


@dataclass(frozen=True)
class PoolFile:
    """A file of the archive's pool, as an index describes it. `path` is relative to the mirror's address."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Release:
    """A suite's release file as it was fetched: `text` is only what the signature covers, `archive` whose it should be.

    It is empty if the mirror has no such suite, which is cached like any other answer.
    """

    suite: str
    directory: str
    fetched: float
    verified: bool
    state: str
    text: str
    archive: str = "Debian"

    @cached_property
    def _fields(self) -> Stanza:
        return next(stanzas(self.text.splitlines()), {})

    def field(self, name: str) -> str:
        """A field's value, empty if there is none."""
        return self._fields.get(name, "").strip()

    @property
    def date(self) -> datetime:
        return _date(self.field("Date")) or datetime.fromtimestamp(0, UTC)

    @property
    def expired(self) -> bool:
        """Whether the archive itself says that the mirror should have something newer (`Valid-Until`)."""
        until = _date(self.field("Valid-Until"))
        return until is not None and until < datetime.now(UTC)

    @property
    def trust(self) -> str:
        """How far this release file can be trusted, in words."""
        return (
            f"{self.state}, index expired {' '.join(self.field('Valid-Until').split())}"
            if self.expired
            else self.state
        )

    def index_file(self, name: str) -> PoolFile | None:
        """The index file `name` ("main/source/Sources.xz"), or None if the suite has no such file."""
        for line in self.field("SHA256").splitlines():
            match line.split():
                case [sha256, size, path] if path == name:
                    if not _SHA256.fullmatch(sha256) or not _SIZE.fullmatch(size):
                        raise KtstrError(
                            f"{self.archive} {self.suite} release file: {name}: no digest and size: {shown(line)}"
                        )
                    folder = name.rpartition("/")[0]
                    by_hash = self.field("Acquire-By-Hash") == "yes"
                    path = f"{folder}/by-hash/SHA256/{sha256}" if by_hash else name
                    return PoolFile(f"dists/{self.directory}/{path}", int(size), sha256)
        return None


class Archive:
    """An archive of `origin` behind a mirror, its indexes kept in the cache for `fresh_s` seconds."""

    def __init__(self, url: str, keyrings: tuple[Path, ...], fresh_s: float, origin: str = "Debian") -> None:
        self.url = url
        self.origin = origin
        self._keyrings = keyrings
        self._fresh_s = fresh_s
        self._unreachable: Unreachable | None = None
        self._releases: dict[str, Release | None] = {}

    def releases(self, suites: Sequence[str], setting: str, *, refresh: bool = False) -> list[Release]:
        """The release files of those `suites` that there are; KtstrError, which names `setting`, if there is none."""
        found = [one for suite in suites if (one := self.release(suite, refresh=refresh)) is not None]
        if not found:
            raise KtstrError(f"mirror {self.url}: has none of the suites {', '.join(suites)}; see {setting}")
        return found

    def release(self, suite: str, *, refresh: bool = False) -> Release | None:
        """The release file of `suite`, at most `fresh_s` old if there is a network; None if no such suite.

        Without a network an older one is used, with a line on stderr. Raises `Unreachable` if there is none.
        """
        if refresh or suite not in self._releases:
            release = self._release(suite, refresh)
            self._releases[suite] = release if release.text else None
        return self._releases[suite]

    def stanzas(self, release: Release, index: str, wanted: Callable[[str], bool], kind: str) -> list[Stanza]:
        """The stanzas of an index file whose package name is `wanted`.

        They are kept in the cache under `kind`, a name for what `wanted` selects.
        """
        file = release.index_file(index)
        if file is None:
            return []
        what = f"{self.origin} {release.suite} index"

        def make(folder: Path) -> None:
            plain = f"dists/{release.directory}/{index}"
            try:
                packed = self.pool_file(file, what)
            except NotFound:
                # Not every mirror has the by-hash names that the release file promises.
                packed = self.pool_file(PoolFile(plain, file.size, file.sha256), what)
            try:
                text = "\n\n".join(_select(packed, wanted))
            except (*DAMAGED, KtstrError) as error:
                raise KtstrError(f"{what}: {self.url}/{plain}: {error}") from error
            (folder / "stanzas").write_text(text)
            packed.unlink(missing_ok=True)

        kept = entry("debian", f"{kind}-{digest(file.sha256)}", what, make) / "stanzas"
        with kept.open() as lines:
            return _checked(stanzas(lines), what)

    def pool_file(self, file: PoolFile, what: str) -> Path:
        """Download a file of the archive, verified, into the cache; the caller removes it after use."""
        return fetch(self.address(file.path), size=file.size, sha256=file.sha256, what=what)

    def address(self, path: str) -> str:
        """The URL of a path below the mirror's address."""
        return f"{self.url}/{quote(path, safe='/+~')}"

    def _release(self, suite: str, refresh: bool) -> Release:
        kept = cache_dir() / "debian" / f"{suite.replace('/', '_')}-{digest(self.url, suite)}.json"
        old = _load(kept)
        age = time.time() - old.fetched if old else None
        # If a keyring was installed since, it is worth fetching an unverified release file again.
        trusted = old is not None and (old.verified or not any(path.is_file() for path in self._keyrings))
        if old and age is not None and 0 <= age < self._fresh_s and trusted and not refresh:
            return old
        try:
            if self._unreachable:
                raise self._unreachable
            new = self._download_release(suite, suite)
            if new.expired and (codename := new.field("Codename")) not in ("", suite):
                # Caches in front of mirrors treat the two names of a suite separately, and one may be far behind.
                with suppress(NotFound):
                    new = max(new, self._download_release(suite, codename), key=lambda release: release.date)
        except NotFound:
            new = Release(suite, suite, time.time(), True, "no such suite", "")
        except Unreachable as error:
            if old is None:
                raise
            if self._unreachable is None:
                since = datetime.fromtimestamp(old.fetched).strftime("%Y-%m-%d %H:%M")
                print(
                    f"ktstr: the {self.origin} mirror cannot be reached; using its index of {since}",
                    file=sys.stderr,
                )
            self._unreachable = error
            return old
        if old and new.text and old.verified >= new.verified and old.date > new.date:
            new = Release(**asdict(old) | {"fetched": new.fetched})  # the mirror went back in time
        _store(kept, new)
        return new

    def _download_release(self, suite: str, directory: str) -> Release:
        what = f"{self.origin} {suite} release file"
        content = get(self.address(f"dists/{directory}/InRelease"), _RELEASE_LIMIT, what)
        signed = open_signed(content, self._keyrings, f"{what} from {self.url}")
        return Release(suite, directory, time.time(), signed.verified, signed.state, signed.text, self.origin)


def open_archive(settings: ArchiveSettings | None = None) -> Archive:
    """The archive of these settings (None: Debian's), where they say, else at the first address in apt's configuration
    that is it.

    A mirror that cannot be reached may be it, if none that is reached is.
    """
    settings = settings or debian_settings()
    unknown = None
    candidates, default = mirrors(settings)
    for url in candidates:
        archive = Archive(url, settings.keyrings, settings.index_fresh_s, settings.origin)
        try:
            if _is_it(archive, settings.suites):
                return archive
        except Unreachable:
            unknown = unknown or archive
    return unknown or Archive(default, settings.keyrings, settings.index_fresh_s, settings.origin)


def _is_it(archive: Archive, suites: Iterable[str]) -> bool:
    """Whether the archive's own release file, signed by whose it should be, says so; raises `Unreachable`."""
    try:
        release = next((found for suite in suites if (found := archive.release(suite))), None)
    except KtstrError as error:
        if isinstance(error, Unreachable):
            raise
        return False  # signed by somebody else, or not a release file
    return release is not None and release.field("Origin") == archive.origin


def _select(packed: Path, wanted: Callable[[str], bool]) -> Iterator[str]:
    """The wanted stanzas of a compressed index, which is read in chunks (65 MB when unpacked)."""
    rest, entries, size = b"", 0, 0
    with packed.open("rb") as raw:
        file = plain_stream(raw, "xz")
        assert file is not None  # that suffix is known
        while chunk := file.read(_CHUNK):
            stanzas = (rest + chunk).split(b"\n\n")
            rest = stanzas.pop()
            size, entries = size + len(chunk), entries + len(stanzas)
            if size > _LONGEST_INDEX or entries > _MOST_ENTRIES or len(rest) > _LONGEST_ENTRY:
                raise KtstrError(f"larger than any index ({entries} entries, {size} bytes); refused")
            yield from _wanted(stanzas, wanted)
    yield from _wanted([rest], wanted)


def _checked(found: Iterable[Stanza], what: str) -> list[Stanza]:
    """The entries of an index; KtstrError unless each names a package and its version."""
    checked, versions = [], set[str]()  # many packages have one version
    for stanza in found:
        name, version = stanza.get("Package", ""), stanza.get("Version", "")
        if not name or (version not in versions and not _is_version(version)):
            raise KtstrError(f"{what}: package {shown(name)}: has no version: {shown(version)}")
        versions.add(version)
        checked.append(stanza)
    return checked


def _is_version(text: str) -> bool:
    try:
        return bool(str(PackageVersion(text).upstream_version))
    except ValueError:
        return False


def _wanted(stanzas: list[bytes], wanted: Callable[[str], bool]) -> Iterator[str]:
    for stanza in stanzas:
        name = stanza.lstrip(b"\n").partition(b"\n")[0].removeprefix(b"Package: ").decode(errors="replace")
        if wanted(name):
            yield stanza.decode(errors="replace").strip("\n")


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _load(path: Path) -> Release | None:
    try:
        return from_json(path.read_bytes(), Release)
    except (OSError, ValueError):  # missing, garbage, or another version's: it can be fetched again
        return None


def _store(path: Path, release: Release) -> None:
    with locked(path.with_suffix(".lock"), f"{release.archive} {release.suite} release file"), refusals():
        write_whole(path, json.dumps(asdict(release)))
