"""A BPF object as a file: its sections, and whether it is whole. What it means is libbpf's to find."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.guest.elf import built_for

__all__ = ["Section", "check_object_file", "data_mb", "program_sections", "sections"]

_FILE_HEADER, _SECTION_HEADER = 64, 64  # bytes, in ELF-64
_IDENTITY = 20  # up to the machine
_EM_BPF, _ET_REL = 247, 1
_NOBITS = 8
_ALLOC, _EXECUTABLE = 2, 4
_MAKES_ONE = "clang -target bpf -c makes one"


@dataclass(frozen=True)
class Section:
    """A section: its bytes in the file are `offset` to `offset + size`, if it has any there (`in_file`)."""

    name: str
    offset: int
    size: int
    flags: int
    in_file: bool


def sections(path: Path) -> list[Section]:
    """The sections of a little-endian ELF-64 file; KtstrError if its table is damaged."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            (table,) = struct.unpack_from("<Q", data, 0x28)
            length, count, names = struct.unpack_from("<HHH", data, 0x3A)
            headers = [
                # name, type, flags, address, offset and size
                struct.unpack_from("<IIQQQQ", data, table + index * length)
                for index in range(count)
            ]
            found = []
            for name, kind, flags, _, offset, size in headers:
                start = headers[names][4] + name
                end = data.find(b"\0", start)
                if end < 0:
                    raise ValueError("a section's name does not end")
                text = data[start:end].decode()
                found.append(Section(text, offset, size, flags, in_file=kind not in (0, _NOBITS)))
            return found
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise KtstrError(f"{path}: damaged ELF file (is it whole?): {error}") from None


def check_object_file(path: Path, label: str) -> None:
    """Raise KtstrError, which begins with `label`, unless the file at `path` is a whole BPF object.

    Whole: every section lies in the file. OSError if it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_FILE_HEADER)
        size = file.seek(0, 2)
    machine = built_for(path)
    if len(head) < _IDENTITY or head[:4] != b"\x7fELF":
        raise KtstrError(f"{label}: not a BPF object ({_MAKES_ONE})")
    if machine is not None and machine != "BPF":
        raise KtstrError(f"{label}: is an object for {machine}, not for BPF: {_MAKES_ONE}")
    if head[5:6] == b"\2":
        raise KtstrError(
            f"{label}: a big-endian object, and the guest is little-endian (clang -target bpfel -c makes one)"
        )
    if len(head) < _FILE_HEADER:
        raise KtstrError(f"{label}: cut off: {size} bytes, less than an ELF header has")
    kind, number = struct.unpack_from("<HH", head, 16)
    if head[4:6] != b"\2\1" or kind != _ET_REL or number != _EM_BPF:
        raise KtstrError(f"{label}: not a BPF object ({_MAKES_ONE})")
    (table,) = struct.unpack_from("<Q", head, 0x28)
    length, count, names = struct.unpack_from("<HHH", head, 0x3A)
    if length != _SECTION_HEADER or not names < count:
        raise KtstrError(f"{label}: damaged: the ELF header's section table is not one")
    if table + count * length > size:
        raise KtstrError(
            f"{label}: cut off: {size} bytes, and its section table ends at byte {table + count * length}"
        )
    try:
        outside = _outside(sections(path), size)
    except KtstrError:
        raise KtstrError(f"{label}: damaged: a section has no name in the file") from None
    if outside is not None:
        raise KtstrError(
            f"{label}: cut off or damaged: {size} bytes, and section {outside.name or '(no name)'} ends at byte"
            f" {outside.offset + outside.size}"
        )


def _outside(found: Sequence[Section], size: int) -> Section | None:
    return next((one for one in found if one.in_file and one.offset + one.size > size), None)


def data_mb(path: Path) -> int:
    """The MiB of memory that the global variables of an object take in its guest, rounded down."""
    return (
        sum(one.size for one in sections(path) if one.flags & _ALLOC and not one.flags & _EXECUTABLE) // 2**20
    )


def program_sections(path: Path) -> int:
    """How many sections with programs an object has."""
    return sum(1 for one in sections(path) if one.flags & _EXECUTABLE and one.size)
