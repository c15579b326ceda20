"""BPF objects as small files, made of named sections."""

from __future__ import annotations

import struct
from collections.abc import Mapping

__all__ = ["elf_object"]

_NAMES, _PROGBITS, _STRINGS, _NOBITS = ".shstrtab", 1, 3, 8


def elf_object(
    sections: Mapping[str, tuple[int, bytes | int]] | None = None, *, machine: int = 247, order: str = "<"
) -> bytes:
    """A whole ELF-64 object: of each section the flags, and its bytes, or how many it has without any in the file."""
    given = sections or {}
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*given, _NAMES))
    data, headers, name_at = bytearray(64), [struct.pack(f"{order}IIQQQQIIQQ", *(0,) * 10)], 1
    for name, (flags, content) in [*given.items(), (_NAMES, (0, names))]:
        in_file = isinstance(content, bytes)
        kind = (_STRINGS if name == _NAMES else _PROGBITS) if in_file else _NOBITS
        size = len(content) if isinstance(content, bytes) else content
        headers.append(
            struct.pack(f"{order}IIQQQQIIQQ", name_at, kind, flags, 0, len(data), size, 0, 0, 1, 0)
        )
        if isinstance(content, bytes):
            data += content
        name_at += len(name) + 1
    data[:64] = struct.pack(
        f"{order}4s5B7xHHIQQQIHHHHHH",
        *(b"\x7fELF", 2, 1 if order == "<" else 2, 1, 0, 0),
        *(1, machine, 1, 0, 0, len(data), 0, 64, 0, 0, 64, len(headers), len(headers) - 1),
    )
    return bytes(data + b"".join(headers))
