"""libbpf, built as a static library from its own published source."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.per_environment import kept_file, per_environment
from ktstr.toolchain.agreed import agreed
from ktstr.toolchain.compiler import host_compiler, run_compiler, system_archive

__all__ = ["OLDEST_LIBBPF", "Libbpf", "libbpf"]

# 1.5 loads a struct_ops object whose ops have null members that the running kernel lacks.
OLDEST_LIBBPF = "1.5"
# More than any libbpf release unpacks to; a guard against a file that is not one.
_UNPACKED_LIMIT = 64 << 20


@dataclass(frozen=True)
class Libbpf:
    """A built libbpf: archive, headers (`bpf/*.h`), and the kernel headers (`linux/bpf.h`) they need."""

    archive: Path
    include: Path
    uapi: Path
    source_sha256: str = ""
    """The digest of the source that it was built from."""

    @property
    def version(self) -> str:
        """The release, as `1.7`."""
        text = (self.include / "bpf" / "libbpf_version.h").read_text()
        return ".".join(re.findall(r"define LIBBPF_(?:MAJOR|MINOR)_VERSION (\d+)", text))

    def link(self) -> list[Path | str]:
        """What a static program is linked with to use it, in link order."""
        compiler = host_compiler()
        system_archive(compiler, "z")
        libs: list[Path | str] = [self.archive, "elf", "z"]
        # From elfutils 0.189 on libelf may compress sections with zstd; the archive shows whether this one does.
        if _has_zstd(system_archive(compiler, "elf")):
            libs.append("zstd")
        return libs


@per_environment
def _has_zstd(archive: Path) -> bool:
    return b"ZSTD_compress" in archive.read_bytes()


def libbpf(tarball: Path | None = None) -> Libbpf:
    """libbpf built from `tarball`, its upstream source; by default the one its source package publishes.

    Raises KtstrError naming what is missing for the build, or what is wrong with the tarball.
    """
    content = _published_digest() if tarball is None else cache.file_digest(tarball)
    built = (_built(tarball, content) if tarball else _built_of_published(content)).parents[1]
    return Libbpf(
        archive=built / "lib" / "libbpf.a",
        include=built / "include",
        uapi=built / "uapi",
        source_sha256=content,
    )


@kept_file
def _built_of_published(content: str) -> Path:
    return _built(None, content)


def _built(tarball: Path | None, content: str) -> Path:
    """The archive, built from a source with this digest."""
    compiler = host_compiler()
    for lib in ("elf", "z"):  # their headers come in the same packages
        system_archive(compiler, lib)
    if shutil.which("make") is None:
        raise KtstrError("make is missing: libbpf is built with it; install it (Debian: make)")

    def make(directory: Path) -> None:
        tree = directory / "source"
        _unpack(tarball or _published(), tree)
        run_compiler(
            "libbpf",
            [
                *("make", "-C", str(tree / "src"), f"-j{os.cpu_count() or 1}"),
                # CFLAGS: the makefile's own have -Werror, which fails with a compiler newer than the source.
                *("BUILD_STATIC_ONLY=1", "NO_PKG_CONFIG=1", f"CC={' '.join(compiler.command)}", "CFLAGS=-O2"),
                *("OBJDIR=" + str(directory / "objects"), "DESTDIR=" + str(directory)),
                *("PREFIX=/", "INCLUDEDIR=/include", "UAPIDIR=/uapi", "LIBDIR=/lib"),
                *("install", "install_uapi_headers"),
            ],
            steps=len(list((tree / "src").glob("*.c"))),
        )
        shutil.rmtree(tree)
        shutil.rmtree(directory / "objects")

    key = cache.digest("1", compiler.banner, content)
    built = agreed(
        f"libbpf-{cache.digest('sources-1', content)}",
        lambda: cache.entry("build", f"libbpf-{key}", "building libbpf", make),
    )
    return built / "lib" / "libbpf.a"


def _published() -> Path:
    from ktstr.kernel.archive.source_package import fetch_source

    return fetch_source("libbpf", minimum=OLDEST_LIBBPF)


@per_environment
def _published_digest() -> str:
    return cache.file_digest(_published())


def _unpack(tarball: Path, target: Path) -> None:
    """Unpack `src` and `include` of a libbpf release: regular files only, nothing outside `target`."""
    unpacked = 0
    try:
        with tarfile.open(tarball) as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts[1:]  # the first is libbpf-<version>
                if not member.isfile() or not parts or parts[0] not in ("src", "include"):
                    continue
                unpacked += member.size
                if ".." in parts or unpacked > _UNPACKED_LIMIT:
                    raise KtstrError(f"{tarball}: not a libbpf release: refused at {member.name!r}")
                path = target.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None  # it is a regular file
                with content, path.open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError) as error:
        raise KtstrError(f"{tarball}: not a libbpf source archive: {str(error).splitlines()[0]}") from None
    if not (target / "src" / "Makefile").is_file():
        raise KtstrError(f"{tarball}: not a libbpf source archive: it has no src/Makefile")
