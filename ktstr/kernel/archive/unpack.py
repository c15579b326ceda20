"""Source archives, unpacked without trusting their content."""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import zstandard

from ktstr.base.errors import KtstrError
from ktstr.base.progress import Progress
from ktstr.kernel.archive.deb import data_archive, tar_stream

__all__ = ["unpack", "unpack_debian", "unpack_stream"]

# A kernel's source is 1.6 GB in 90,000 files.
_BYTES_LIMIT = 8 << 30
_FILES_LIMIT = 1_000_000
_DAMAGED = (tarfile.TarError, lzma.LZMAError, zlib.error, zstandard.ZstdError, EOFError, ValueError)


def unpack(archive: Path, name: str, folder: Path) -> None:
    """Unpack the tar archive `archive`, whose name (`linux-6.12.tar.xz`) gives its compression.

    The archive's top folder becomes `folder`, which must be empty. KtstrError if the archive is damaged, or if a
    member's path or a link in it leads out of `folder`.
    """
    with archive.open("rb") as raw, _bar(raw, archive.stat().st_size, name) as counted:
        _reported(name, counted, name, folder)


def unpack_debian(package: Path, name: str, folder: Path) -> None:
    """Unpack the source in a Debian package `linux-source-X.Y`: a tar archive in its tar archive."""
    with (
        package.open("rb") as raw,
        _bar(raw, package.stat().st_size, name) as counted,
        data_archive(counted, name) as outer,
    ):
        for member in outer:
            inner = PurePosixPath(member.name).name
            if member.isreg() and inner.startswith("linux-source-") and ".tar" in inner:
                content = outer.extractfile(member)
                assert content is not None  # it is a regular file
                _reported(name, content, inner, folder)
                return
    raise KtstrError(f"{name}: holds no linux-source-*.tar")


def unpack_stream(stream: IO[bytes], name: str, folder: Path) -> None:
    """Unpack the uncompressed tar archive in `stream`."""
    _reported(name, stream, "source.tar", folder)


def _bar(raw: IO[bytes], size: int, name: str) -> Any:
    return cast(
        "Any",
        Progress.wrapattr(
            raw,
            "read",
            size,
            True,
            desc=f"unpacking {name}",
            unit_scale=True,
        ),
    )


def _reported(name: str, stream: IO[bytes], inner: str, folder: Path) -> None:
    try:
        with tar_stream(inner, stream) as archive:
            _members(archive, name, folder)
    except _DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KtstrError(f"{name}: not a whole source archive: {reason}") from error


def _members(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    size = files = 0
    made: set[Path] = set()
    links: list[tuple[Path, str]] = []
    for member in archive:
        inside = _inside(member.name, name)
        size, files = size + member.size, files + 1
        if size > _BYTES_LIMIT or files > _FILES_LIMIT:
            raise KtstrError(f"{name}: larger than any kernel source ({files} files, {size} bytes); refused")
        if inside is None or member.isdir():
            continue
        target = folder / inside
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        if member.issym():
            _check_link(member, inside, name)
            links.append((target, member.linkname))
        elif member.isreg():
            content = archive.extractfile(member)
            assert content is not None  # it is a regular file
            # x: a second member of the same name could follow a link that the first one left.
            with target.open("xb") as file:
                shutil.copyfileobj(content, file, 1 << 18)
            if member.mode & 0o100:
                target.chmod(0o755)
            # make compares times: a generated file that the source ships must not look older than its origin.
            os.utime(target, (member.mtime, member.mtime))
        else:
            raise KtstrError(f"{name}: {member.name}: neither a file, a folder nor a symbolic link; refused")
    # Last, so that no file can be written through one.
    for target, link in links:
        target.symlink_to(link)
    # Each was checked by its text; through another link its `..` may lead elsewhere.
    root = os.path.realpath(folder)
    for target, link in links:
        if not Path(os.path.realpath(target)).is_relative_to(root):
            where = target.relative_to(folder)
            raise KtstrError(f"{name}: {where}: a link to {link}, out of the folder; refused")
    if not files:
        raise KtstrError(f"{name}: an empty archive")


def _inside(path: str, name: str) -> PurePosixPath | None:
    """A member's path without the archive's top folder; None for the top folder itself."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise KtstrError(f"{name}: {path}: leads out of the archive's folder; refused")
    return PurePosixPath(*pure.parts[1:]) if len(pure.parts) > 1 else None


def _check_link(member: tarfile.TarInfo, inside: PurePosixPath, name: str) -> None:
    link = PurePosixPath(member.linkname)
    depth = len(inside.parts) - 1
    for part in link.parts:
        depth += -1 if part == ".." else 1
        if link.is_absolute() or depth < 0:
            raise KtstrError(
                f"{name}: {member.name}: a link to {member.linkname}, out of the folder; refused"
            )
