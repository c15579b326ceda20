"""Source archives, unpacked without trusting their content."""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ktstr.base.errors import KtstrError
from ktstr.kernel.archive.deb import TAR_DAMAGED, data_archive, members, tar_stream

__all__ = ["unpack", "unpack_debian", "unpack_stream"]

# A kernel's source is 1.6 GB in 90,000 files.
_BYTES_LIMIT = 8 << 30
_FILES_LIMIT = 1_000_000
# A path that no file can have: too long, below a file, there already.
_NO_PATH = (
    *(errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOENT, errno.ELOOP, errno.EILSEQ),
    errno.EINVAL,
)


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
        for member in members(outer):
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
    from ktstr.base.progress import Progress  # not at import: few runs wait for anything

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
    except TAR_DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise KtstrError(f"{name}: not a whole source archive: {reason}") from error


def _members(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    size = files = 0
    made: set[Path] = set()
    links: list[tuple[Path, str]] = []
    for member in members(archive):
        inside = _inside(member.name, name)
        size, files = size + member.size, files + 1
        if size > _BYTES_LIMIT or files > _FILES_LIMIT:
            raise KtstrError(f"{name}: larger than any kernel source ({files} files, {size} bytes); refused")
        if inside is None or member.isdir():
            continue
        target = folder / inside
        if member.issym():
            _check_link(member, inside, name)
            links.append((target, member.linkname))
        elif not member.isreg():
            raise KtstrError(f"{name}: {member.name}: neither a file, a folder nor a symbolic link; refused")
        with _path_refused(name, member.name):
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            if not member.issym():
                _write(archive, member, target)
    # Last, so that no file can be written through one.
    for target, link in links:
        with _path_refused(name, str(target.relative_to(folder))):
            target.symlink_to(link)
    # Each was checked by its text; through another link its `..` may lead elsewhere.
    root = os.path.realpath(folder)
    for target, link in links:
        if not Path(os.path.realpath(target)).is_relative_to(root):
            where = target.relative_to(folder)
            raise KtstrError(f"{name}: {where}: a link to {link}, out of the folder; refused")
    if not files:
        raise KtstrError(f"{name}: an empty archive")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write a regular file's content, mode and time."""
    content = archive.extractfile(member)
    assert content is not None  # it is a regular file
    # x: a second member of the same name could follow a link that the first one left.
    with target.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 18)
    if member.mode & 0o100:
        target.chmod(0o755)
    # make compares times: a generated file that the source ships must not look older than its origin.
    try:
        os.utime(target, (member.mtime, member.mtime))
    except OverflowError:
        raise ValueError(f"{member.name}: a time that no file can have") from None


@contextmanager
def _path_refused(name: str, path: str) -> Iterator[None]:
    """KtstrError if what fails is due to a path of the archive's; what is due to this machine stays an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_PATH:
            raise
        raise KtstrError(f"{name}: {path}: cannot be unpacked: {error.strerror}") from error


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
