"""Naming kernels: versions, and the grammar of `--kernel` and of a declaration's `kernels` filter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError

__all__ = [
    "ACCEPTED",
    "Auto",
    "Exact",
    "From",
    "Git",
    "Key",
    "Latest",
    "Local",
    "Longterm",
    "Mainline",
    "Major",
    "Range",
    "Series",
    "Spec",
    "Version",
    "accepts",
    "check_filter",
    "parse",
    "parse_version",
]

ACCEPTED = (
    "7.0.13, 7.3-rc7, 7.0 (newest of the series), 7, 6.16..7.0 (both included), latest, longterm, mainline, auto, "
    "a cache key, ../linux (a source tree), ../linux#v7.0 or git+https://...#v7.0, and debian:, debian-generic:, "
    "debian-rt:, ubuntu:, fedora:, source: or kernel.org: before a version"
)
"""The forms that `--kernel` accepts, as messages list them."""
_FILTERS = "6.14 (the series), 6.15..=7.0 (both included), 6.14.3, 7"

# Digits are spelled out: \d would take digits of any script.
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,5}))?(?:-rc([0-9]{1,3}))?")
_SERIES = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_MAJOR = re.compile(r"[0-9]{1,4}")
_RANGE = re.compile(r"(?P<first>[^.]+\.[^.]+)\.\.=?(?P<last>[^.=]+\.[^.]+)")
_SOURCES = ("debian", "debian-generic", "debian-rt", "ubuntu", "fedora", "kernel.org", "source")
# A ref as git allows it, roughly: nothing that it, or a shell, would take for something else.
_REF = r"[A-Za-z0-9_][A-Za-z0-9_./+^~@{}-]*"
_GIT = re.compile(rf"git\+(?P<url>(?:https?|git|ssh|file)://[^\s#]+)#(?P<ref>{_REF})")
# A path differs from a version in how it begins.
_LOCAL = re.compile(rf"(?P<path>(?:/|\.\.?(?=/|#|$)|~)[^#\0\r\n]*?)(?:#(?P<ref>{_REF}))?")
_KEY = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,5})?(-rc[0-9]{1,3})?(-[a-z]+)+-[0-9a-f]{8}")


@dataclass(frozen=True, order=True)
class Version:
    """An upstream version. `rc` is the release candidate's number, or `FINAL` for a release.

    Versions order as they were released: 7.2.11 < 7.3-rc1 < 7.3-rc10 < 7.3 < 7.3.1.
    """

    FINAL = 1000

    major: int
    minor: int
    patch: int
    rc: int = FINAL

    @property
    def series(self) -> Series:
        return Series(self.major, self.minor)

    @property
    def released(self) -> bool:
        """Whether it is a release, not a candidate for one."""
        return self.rc == self.FINAL

    def __str__(self) -> str:
        patch = f".{self.patch}" if self.patch else ""
        return f"{self.major}.{self.minor}{patch}" + ("" if self.released else f"-rc{self.rc}")


@dataclass(frozen=True)
class Exact:
    """One version (`7.0.13`); of a series' first release, `7.0.0`, because `7.0` is the series."""

    version: Version

    def matches(self, version: Version) -> bool:
        return version == self.version

    def __str__(self) -> str:
        first = self.version.released and not self.version.patch
        return f"{self.version}.0" if first else str(self.version)


@dataclass(frozen=True, order=True)
class Series:
    """The newest of a series (`7.0`)."""

    major: int
    minor: int

    def matches(self, version: Version) -> bool:
        return (version.major, version.minor) == (self.major, self.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Major:
    """The newest of all series of a major version (`7`)."""

    major: int

    def matches(self, version: Version) -> bool:
        return version.major == self.major

    def __str__(self) -> str:
        return str(self.major)


@dataclass(frozen=True)
class Range:
    """The newest of each released series from `first` to `last`, both included (`6.16..7.0` or `..=`)."""

    first: Series
    last: Series

    def matches(self, version: Version) -> bool:
        return self.first <= version.series <= self.last

    def __str__(self) -> str:
        return f"{self.first}..={self.last}"


@dataclass(frozen=True)
class Latest:
    """The newest published release."""

    def matches(self, version: Version) -> bool:
        return True

    def __str__(self) -> str:
        return "latest"


@dataclass(frozen=True)
class Longterm:
    """The newest of the newest series that is maintained for years."""

    def matches(self, version: Version) -> bool:
        return version.released

    def __str__(self) -> str:
        return "longterm"


@dataclass(frozen=True)
class Mainline:
    """The newest there is, release candidates included."""

    def matches(self, version: Version) -> bool:
        return True

    def __str__(self) -> str:
        return "mainline"


@dataclass(frozen=True)
class From:
    """Versions of one source only.

    `debian:7.0`, `debian-rt:7.0` and `ubuntu:6.17` are images; `kernel.org:7.0` and `source:7.0` are to be built, the
    latter from any source.
    """

    source: str
    versions: Exact | Series | Major | Range | Latest | Longterm | Mainline

    def __str__(self) -> str:
        return f"{self.source}:{self.versions}"


@dataclass(frozen=True)
class Local:
    """A source tree (`../linux`), or what a repository has as `ref` (`../linux#v7.0`)."""

    path: str
    ref: str | None = None

    def __str__(self) -> str:
        return self.path if self.ref is None else f"{self.path}#{self.ref}"


@dataclass(frozen=True)
class Git:
    """What the repository at `url` has as `ref` (`git+https://example.org/linux.git#v7.0`)."""

    url: str
    ref: str

    def __str__(self) -> str:
        return f"git+{self.url}#{self.ref}"


@dataclass(frozen=True)
class Auto:
    """`KTSTR_KERNEL`, else the newest in the cache that was asked for (one built here only if there is no other), else
    the newest published; of those that a declared scheduler accepts."""

    def __str__(self) -> str:
        return "auto"


@dataclass(frozen=True)
class Key:
    """One entry of the cache (`7.0.13-debian-1a2b3c4d`)."""

    key: str

    def __str__(self) -> str:
        return self.key


_WORDS: dict[str, type[Latest | Longterm | Mainline]] = {
    "latest": Latest,
    "longterm": Longterm,
    "mainline": Mainline,
}
Spec = Exact | Series | Major | Range | Latest | Longterm | Mainline | Auto | Key | From | Local | Git
"""A parsed `--kernel`."""


def parse(text: str) -> Spec:
    """What a kernel argument means; KtstrError with the accepted forms if it means nothing."""
    text = text.strip()
    if text == "auto":
        return Auto()
    if _KEY.fullmatch(text):
        return Key(text)
    if (published := _published(text)) is not None:
        return published
    source, _, versions = text.partition(":")
    if source in _SOURCES and (published := _published(versions)) is not None:
        return From(source, published)
    if (match := _GIT.fullmatch(text)) is not None:
        return Git(match["url"], match["ref"])
    if (match := _LOCAL.fullmatch(text)) is not None:
        return Local(match["path"], match["ref"])
    raise KtstrError(f"kernel {text!r}: accepted are {ACCEPTED}")


def _published(text: str) -> Exact | Series | Major | Range | Latest | Longterm | Mainline | None:
    """The forms that mean something published."""
    word = _WORDS.get(text)
    return word() if word else _versions(text)


def parse_version(text: str) -> Version:
    """The version in `7.0.13`, `7.3` or `7.3-rc7`; KtstrError for anything else."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise KtstrError(f"kernel version {text!r}: accepted are versions such as 7.0.13, 7.3 or 7.3-rc7")
    major, minor, patch, candidate = match.groups()
    return Version(int(major), int(minor), int(patch or 0), int(candidate) if candidate else Version.FINAL)


def check_filter(text: str) -> None:
    """Raise KtstrError unless `text` is a version, a series, a major version or a range of series."""
    _filter(text)


def accepts(filters: tuple[str, ...], version: str) -> bool:
    """Whether a kernel of `version` passes a declaration's filters: any of them, or there are none."""
    if not filters:
        return True
    parsed = parse_version(version)
    return any(_filter(text).matches(parsed) for text in filters)


def _filter(text: str) -> Exact | Series | Major | Range:
    spec = _versions(text.strip())
    if spec is None:
        raise KtstrError(f"kernels filter {text!r}: accepted are {_FILTERS}")
    return spec


def _versions(text: str) -> Exact | Series | Major | Range | None:
    """The forms that name versions."""
    if _MAJOR.fullmatch(text):
        return Major(int(text))
    if (series := _series(text)) is not None:
        return series
    if _VERSION.fullmatch(text):
        return Exact(parse_version(text))
    if (match := _RANGE.fullmatch(text)) is not None:
        first, last = _series(match["first"]), _series(match["last"])
        if first is not None and last is not None:
            if first > last:
                raise KtstrError(f"kernel range {text!r}: {first} comes after {last}; write {last}..={first}")
            return Range(first, last)
    return None


def _series(text: str) -> Series | None:
    match = _SERIES.fullmatch(text)
    return Series(int(match[1]), int(match[2])) if match else None
