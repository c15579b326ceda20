"""The part of a kernel's source tree that its own schedulers, `tools/sched_ext`, and tests of them are built from.

Debian's package `linux-source-X.Y` holds the whole tree as a tar archive in a tar archive (over 100,000
files); it is read once, as a stream, and only this part is written.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ktstr.base.cache import cache_dir, entry
from ktstr.base.download import Unreachable
from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.apt import PoolFile, open_archive
from ktstr.kernel.archive.deb import data_archive, tar_stream
from ktstr.kernel.archive.kernels import kernel_stanzas, pool_file, upstream_version
from ktstr.kernel.settings import debian_settings, schedulers_series
from ktstr.kernel.spec import Version, parse_version

__all__ = ["SELFTESTS", "SourceTree", "fetch_tree", "kept_tree", "write_tree"]

_KIND = "tools-source"
_TREE = re.compile(r"(?P<version>.+)-(?P<id>[0-9a-f]{8})")
_PACKAGE = re.compile(r"linux-source-([0-9]+\.[0-9]+)")
SELFTESTS = PurePosixPath("tools/testing/selftests/sched_ext")
"""Where a tree has the kernel's own tests of sched_ext; they include headers of `tools/sched_ext`."""
# What `make -C tools/sched_ext` reads, and those tests: libbpf and bpftool are built on the way; the latter compiles
# the kernel's disassembler, and libbpf's build runs the script that turns the UAPI header into helper prototypes.
_WANTED = (
    "tools/arch/",
    "tools/bpf/",
    "tools/build/",
    "tools/include/",
    "tools/lib/",
    "tools/sched_ext/",
    "tools/scripts/",
    f"{SELFTESTS}/",
    "kernel/bpf/",
    "scripts/bpf_doc.py",
)
_FILE_LIMIT = 64 << 20


@dataclass(frozen=True)
class SourceTree:
    """A tree with `tools/sched_ext`. `id` is the beginning of its package's SHA-256."""

    version: Version
    id: str
    path: Path


def fetch_tree(series: str) -> SourceTree:
    """The tree of the newest published kernel source of `series` ("7.3"), or of all with `newest`.

    It is fetched (150 to 170 MB) unless it is in the cache. Without a network the newest in the cache is used.
    """
    archive = open_archive()
    try:
        found = []
        for suite in debian_settings().suites:
            for stanza in kernel_stanzas(archive, suite):
                match = _PACKAGE.fullmatch(stanza["Package"])
                version = upstream_version(stanza["Version"])
                if match and version and series in ("newest", match[1]):
                    found.append((version.released, version, pool_file(stanza)))
        if not found:
            raise KtstrError(
                f"kernel source {series}: no package linux-source-{series} in "
                f"{', '.join(debian_settings().suites)} of {archive.url}"
            )
        _, version, file = max(found, key=lambda one: one[:2])
        what = f"kernel source {version}"
        packages: list[Path] = []

        def make(folder: Path) -> None:
            packages.append(archive.pool_file(file, what))
            _unpack(packages[0], file, folder, what)

        path = entry(_KIND, f"{version}-{file.sha256[:8]}", what, make, sealed=False)
    except Unreachable as error:
        newest = _newest_cached(series)
        if newest is None:
            raise Unreachable(
                f"kernel source {series}",
                f"not in the cache, and the Debian mirror cannot be reached ({error.why}); "
                "run `ktstr sched-build` where there is a network",
            ) from error
        return newest
    for package in packages:
        package.unlink(missing_ok=True)
    return SourceTree(version, file.sha256[:8], path)


def kept_tree() -> SourceTree:
    """The tree of the set series that the cache has, the newest of several; if it has none, one is fetched."""
    series = schedulers_series()
    return _newest_cached(series) or fetch_tree(series)


def _newest_cached(series: str) -> SourceTree | None:
    trees = [tree for tree in _cached() if series in ("newest", str(tree.version.series))]
    return max(trees, key=lambda tree: (tree.version.released, tree.version), default=None)


def _cached() -> list[SourceTree]:
    folder = cache_dir() / _KIND
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    matches = [match for name in names if (match := _TREE.fullmatch(name))]
    return [SourceTree(parse_version(match["version"]), match["id"], folder / match[0]) for match in matches]


def _unpack(package: Path, file: PoolFile, folder: Path, what: str) -> None:
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

    bar: dict[str, Any] = {
        "desc": f"unpacking {what}",
        "unit": "B",
        "unit_scale": True,
        "delay": 1,
        "leave": False,
    }
    with (
        package.open("rb") as raw,
        Progress.wrapattr(raw, "read", file.size, True, **bar) as counted,
        data_archive(cast("IO[bytes]", counted), file.name) as outer,
    ):
        for member in outer:
            name = PurePosixPath(member.name).name
            if not (member.isreg() and re.fullmatch(r"linux-source-.*\.tar(\.[a-z0-9]+)?", name)):
                continue
            content = outer.extractfile(member)
            assert content is not None  # it is a regular file
            with tar_stream(name, content) as inner:
                write_tree(inner, folder)
    if not (folder / "tools/sched_ext/Makefile").is_file():
        raise KtstrError(f"{file.name}: has no tools/sched_ext; accepted are sources from 6.12 on")


def write_tree(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the wanted files of a source archive below `folder`, without the archive's top folder.

    Only regular files whose path stays inside are written. If the build needs a link, a device or a path with `..`,
    it reports a missing file.
    """
    for member in archive:
        path = PurePosixPath(member.name.removeprefix("./"))
        inside = "/".join(path.parts[1:])
        if not member.isreg() or path.is_absolute() or ".." in path.parts or not inside.startswith(_WANTED):
            continue
        if member.size > _FILE_LIMIT:
            raise KtstrError(f"{member.name}: {member.size} bytes, accepted are at most {_FILE_LIMIT}")
        content = archive.extractfile(member)
        assert content is not None  # it is a regular file
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)
