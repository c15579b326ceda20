"""A kernel's symbols for a debugger: its DWARF if the cache has it, else its names and addresses as an ELF file.

The kernel is entered as an ELF image, at its PVH entry, so it runs where it was linked: nothing is relocated.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.images.debug import debug_image
from ktstr.kernel.model import Kernel

__all__ = ["Symbols", "elf_of", "parse_symbols", "symbols_of"]

_LINE = re.compile(r"([0-9a-f]{16}) ([A-Za-z]) (\S+)(\t\[\S+\])?")
_TEXT = "tTwW"
# The padding before a function; it is never where code runs.
_PADDING = "__pfx_"


@dataclass(frozen=True)
class Symbols:
    """The file for the debugger, and the address of every function by its name."""

    file: Path
    functions: dict[str, int]


def symbols_of(kernel: Kernel) -> Symbols:
    """A kernel's symbols.

    The names are its build's if it was built here; else a guest of it reports them. KtstrError if that fails.
    """
    dwarf, table = debug_image(kernel), kernel.image.with_name("System.map")

    def make(folder: Path) -> None:
        text = table.read_text() if table.is_file() else _kallsyms(kernel, folder)
        (folder / "names").write_text(text)
        (folder / "vmlinux").write_bytes(elf_of(parse_symbols(text), machine_of_host().elf_machine))

    kept = cache.entry("symbols", kernel.image_sha256[:24], f"symbols of kernel {kernel.version}", make)
    functions = {
        name: address for address, kind, name in parse_symbols((kept / "names").read_text()) if kind in _TEXT
    }
    return Symbols(dwarf if dwarf.is_file() else kept / "vmlinux", functions)


def parse_symbols(text: str) -> list[tuple[int, str, str]]:
    """Address, kind and name of each line of a System.map or of /proc/kallsyms, without those of modules."""
    return [
        (int(match[1], 16), match[2], match[3])
        for match in map(_LINE.fullmatch, text.splitlines())
        if match is not None and match[4] is None and not match[3].startswith(_PADDING)
    ]


def elf_of(symbols: Sequence[tuple[int, str, str]], machine: int) -> bytes:
    """A 64-bit ELF file for `machine` (EM_*) with these functions and nothing else: memory is read from the guest.

    KtstrError if no function is among the symbols.
    """
    functions = sorted((address, name) for address, kind, name in symbols if kind in _TEXT and address)
    if not functions:
        raise KtstrError("a kernel's symbols: no function is among them")
    ends = [address for address, _ in functions[1:]] + [functions[-1][0] + 16]
    names, offsets = _strings(name for _, name in functions)
    first, last = functions[0][0], ends[-1]
    table = bytes(24) + b"".join(
        # Global functions in section 1.
        struct.pack("<IBBHQQ", offset, 0x12, 0, 1, address, end - address)
        for (address, _), end, offset in zip(functions, ends, offsets, strict=True)
    )
    section_names, at = _strings([".text", ".symtab", ".strtab", ".shstrtab"])
    start = 64
    sections = [
        bytes(64),
        # .text has no bytes in the file (SHT_NOBITS, 8); allocated and executable (6).
        struct.pack("<IIQQQQIIQQ", at[0], 8, 6, first, start, last - first, 0, 0, 16, 0),
        struct.pack("<IIQQQQIIQQ", at[1], 2, 0, 0, start, len(table), 3, 1, 8, 24),
        struct.pack("<IIQQQQIIQQ", at[2], 3, 0, 0, start + len(table), len(names), 0, 0, 1, 0),
        struct.pack(
            "<IIQQQQIIQQ", at[3], 3, 0, 0, start + len(table) + len(names), len(section_names), 0, 0, 1, 0
        ),
    ]
    headers_at = start + len(table) + len(names) + len(section_names)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        *(2, machine, 1),  # ET_EXEC
        *(0, 0, headers_at, 0),
        *(64, 56, 0, 64, len(sections), 4),
    )
    return header + table + names + section_names + b"".join(sections)


def _strings(texts: Iterable[str]) -> tuple[bytes, list[int]]:
    """A string table, and the offset of each text in it."""
    table, offsets = bytearray(b"\0"), []
    for text in texts:
        offsets.append(len(table))
        table += text.encode() + b"\0"
    return bytes(table), offsets


def _kallsyms(kernel: Kernel, folder: Path) -> str:
    """/proc/kallsyms of a guest of the kernel."""
    from ktstr.shell.output import output_of  # imports everything that a session needs

    return output_of(kernel, "cat /proc/kallsyms", folder / "guest").decode(errors="replace")
