"""Files of this machine for the guest: single ones with the libraries that they need, and all below a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.guest.elf import read_elf
from ktstr.guest.initramfs import Packed, program_files

__all__ = ["files_below", "packed_file"]


def files_below(folder: Path, place: str) -> Iterator[tuple[Path, str]]:
    """The files below a folder, with links followed, and where each is in a guest that has the folder at `place`."""
    # A link may lead to a folder above it.
    seen: set[Path] = set()
    for where, folders, files in os.walk(folder, followlinks=True):
        real = Path(where).resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        below = Path(where).relative_to(folder)
        for name in sorted(files):
            yield Path(where, name), str(Path(place) / below / name)


def packed_file(file: Path, place: str, why: str) -> list[Packed]:
    """A file at `place` in the guest with its own mode, and the shared libraries that it needs if it is a program.

    KtstrError if it is no file, or one of its libraries is missing; OSError if it is not there.
    """
    try:
        place.encode()
    except UnicodeEncodeError:
        raise KtstrError(f"{place!r}: its name is not UTF-8") from None
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise KtstrError(f"{file}: neither a file nor a folder")
    if (elf := read_elf(file)) is not None and elf.needed:
        program, *libraries = program_files(file, place, why)
        return [Packed(program.path, file, stat.S_IMODE(status.st_mode), program.why), *libraries]
    return [Packed(place, file, stat.S_IMODE(status.st_mode), why)]
