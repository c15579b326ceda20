"""The initramfs: which files a guest has, why, and their archive."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.guest.cpio import Entry, write_newc
from ktstr.guest.elf import built_for, closure, read_elf

__all__ = [
    "LIBRARY_FOLDER",
    "Packed",
    "archive",
    "base_files",
    "files_digest",
    "initramfs",
    "program_files",
    "size_mb",
]


LIBRARY_FOLDER = "/ktstr/lib"
"""Where the guest has the libraries of the programs that are packed for it."""


@dataclass(frozen=True)
class Packed:
    """A file of the guest: its path there, its mode, its content, and why it is packed.

    `sha256` identifies the content, and is that of `source` if it is not given. `source` is only where the content lies
    on this machine: it is no part of what makes two files equal. Raises KtstrError if it cannot be read.
    """

    path: str
    """Where it is in the guest."""
    source: Path = field(compare=False)
    """The file on the host."""
    mode: int
    """Its permission bits in the guest."""
    why: str
    """Why the guest needs it, in words."""
    sha256: str = ""
    """The SHA-256 of its content."""

    def __post_init__(self) -> None:
        if not self.sha256:
            try:
                object.__setattr__(self, "sha256", cache.file_digest(self.source))
            except OSError as error:
                raise KtstrError(f"{self.path}: {self.source}: {error.strerror}") from None


def size_mb(files: Iterable[Packed]) -> int:
    """The MiB that the files take, rounded down."""
    return sum(file.source.stat().st_size for file in files) // 2**20


def base_files(agent: Path, config: Path, release: str) -> list[Packed]:
    """What every guest needs."""
    return [
        Packed("/init", agent, 0o755, "the agent, run by the kernel as init"),
        Packed(f"/boot/config-{release}", config, 0o644, "libbpf reads __kconfig externs from it"),
    ]


def program_files(program: Path, path: str, why: str) -> list[Packed]:
    """A program at `path` in the guest, and every shared library it needs.

    Libraries go to one folder, which is the agent's LD_LIBRARY_PATH: the guest has no loader's cache, and the
    folders that a loader searches by itself differ between distributions. Raises KtstrError if the program
    cannot be read or one of its libraries is missing.
    """
    if not program.is_file():
        raise KtstrError(f"{program}: no such file")
    machine, here = built_for(program), machine_of_host().name
    if machine not in (None, here):
        raise KtstrError(f"{program}: is a program for {machine}; the guest is {here}")
    if read_elf(program) is None:
        raise KtstrError(f"{program}: not an ELF program; the guest has no interpreter for anything else")
    files = [Packed(path, program, 0o755, why)]
    for library in closure(program):
        # A name with a slash is a path for the loader; a relative one starts in the guest's root, where the agent runs.
        where = str(Path("/", library.name)) if "/" in library.name else f"{LIBRARY_FOLDER}/{library.name}"
        files.append(Packed(where, library.source, 0o755, f"shared library of {library.needed_by}"))
    return files


def archive(files: Iterable[Packed]) -> bytes:
    """The newc archive of `files` and the folders above them: the same files give the same bytes."""
    return write_newc(_entries(files))


def _entries(files: Iterable[Packed]) -> list[Entry]:
    return [Entry(file.path, stat.S_IFREG | file.mode, _content(file)) for file in files]


def _content(file: Packed) -> bytes:
    data = file.source.read_bytes()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise KtstrError(f"{file.path}: {file.source} has changed since the run was asked for; run it again")
    return data


# What a kernel needs beside files. It opens the console for init before anything is mounted; 5:1 is devices.txt's
# /dev/console.
_BOOT_ENTRIES = (
    Entry("/dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1)),
    *(Entry(path, stat.S_IFDIR | 0o755) for path in ("/proc", "/sys", "/tmp", "/run")),
)


def files_digest(files: Iterable[Packed]) -> str:
    """A key over what the guest gets of `files`: paths, modes and contents, in whatever order they are listed."""
    return cache.digest(
        *(
            part
            for file in sorted(files, key=lambda file: file.path)
            for part in (file.path, oct(file.mode), file.sha256)
        )
    )


def initramfs(files: Sequence[Packed]) -> Path:
    """The archive that a guest boots with, as a file of the cache, made if it is not there yet."""
    key = cache.digest("initramfs-1", files_digest(files))

    def make(partial: Path) -> None:
        (partial / "initramfs.cpio").write_bytes(write_newc([*_entries(files), *_BOOT_ENTRIES]))

    return cache.entry("initramfs", key, "packing the guest's initramfs", make) / "initramfs.cpio"
