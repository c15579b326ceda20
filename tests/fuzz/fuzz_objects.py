"""ELF files, initramfs archives and BTF."""

from __future__ import annotations

import base64
import json
import stat
import struct
from pathlib import Path

from elf_object import elf_object
from fuzz_target import Target

from ktstr.bpf.object_file import check_object_file, data_mb, program_sections, sections
from ktstr.events.btf.names import find_section, size_of, type_name
from ktstr.events.btf.reader import read_btf
from ktstr.events.btf.text import is_zero, value_text
from ktstr.events.btf.types import Btf, Section
from ktstr.events.btf.values import decode, decode_section
from ktstr.guest.cpio import Entry, read_newc, write_newc
from ktstr.guest.elf import built_for, read_elf

__all__ = ["BTF", "ELF", "KINDS"]

KINDS = json.loads((Path(__file__).parents[1] / "unit" / "data" / "btf" / "kinds.json").read_text())
_HEADER = struct.Struct("<HBBIIIII")
_TYPES = 48  # of an object, that are looked at one by one


def _elf(data: bytes, folder: Path) -> None:
    """The first byte chooses the reader."""
    if not data:
        return
    if data[0] % 4 == 3:
        try:
            write_newc(read_newc(data[1:]))
        except ValueError:  # as documented
            return
        return
    path = folder / "file"
    path.write_bytes(data[1:])
    try:
        if data[0] % 4:
            built_for(path)
            read_elf(path)
        else:
            check_object_file(path, "file")
            for section in sections(path):
                assert not section.in_file or section.offset + section.size < len(data)
            data_mb(path)
            program_sections(path)
    finally:
        path.unlink()


def _program() -> bytes:
    """A program with an interpreter, two libraries and a RUNPATH, laid out by hand."""
    strings = b"\0libc.so.6\0libouter.so\0$ORIGIN/lib:/opt\0"
    interpreter = b"/lib64/ld-linux-x86-64.so.2\0"
    dynamic_at, interpreter_at, strings_at = 64 + 3 * 56, 512, 576
    tags = ((1, 1), (1, 11), (29, 23), (5, strings_at), (0, 0))
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    size = strings_at + len(strings)
    headers = b"".join(
        struct.pack("<IIQQQQQQ", kind, 4, at, at, at, length, length, 8)
        for kind, at, length in (
            (1, 0, size),
            (2, dynamic_at, len(dynamic)),
            (3, interpreter_at, len(interpreter)),
        )
    )
    head = struct.pack(
        "<4s5B7xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 3, 62, 1, 0, 64, 0, 0, 64, 56, 3, 64, 0, 0
    )
    return (head + headers + dynamic).ljust(interpreter_at, b"\0") + interpreter.ljust(64, b"\0") + strings


def _elf_seeds() -> list[bytes]:
    whole = elf_object(
        {
            "struct_ops/enqueue": (6, bytes(16)),
            "license": (3, b"GPL\0"),
            ".bss": (3, 5 << 20),
            ".BTF": (0, base64.b64decode(KINDS["btf"])[:200]),
        }
    )
    entries = [Entry("/d/file", stat.S_IFREG | 0o644, b"0123456789"), Entry("/b", stat.S_IFREG | 0o600, b"")]
    return [b"\0" + whole, b"\1" + _program(), b"\1" + whole, b"\3" + write_newc(entries)]


def _btf(data: bytes, _folder: Path) -> None:
    """The first byte says whether the rest is a whole object, or its types and strings, which get a fitting header.

    The value to be decoded is the rest itself.
    """
    if len(data) < 4:
        return
    if data[0] % 2:
        blob = data[1:]
    else:
        (types,) = struct.unpack_from("<H", data, 1)
        body = data[3:] + b"\0"
        types = min(types & ~3, len(body) - 1)
        blob = _HEADER.pack(0xEB9F, 1, 0, _HEADER.size, 0, types, types, len(body) - types) + body
    btf = read_btf(blob)
    find_section(btf, ".bss")
    chosen = [*range(min(len(btf.types), _TYPES)), *range(max(_TYPES, len(btf.types) - 8), len(btf.types))]
    for number in chosen:
        _one_type(btf, number, data[-4096:])


def _one_type(btf: Btf, number: int, data: bytes) -> None:
    from ktstr.base.errors import KtstrError

    type_name(btf, number)
    for act in (lambda: size_of(btf, number), lambda: _decoded(btf, number, data)):
        try:
            act()
        except KtstrError:
            continue


def _decoded(btf: Btf, number: int, data: bytes) -> None:
    if isinstance(btf.types[number], Section):
        values = [one.value for one in decode_section(btf, number, data)]
    else:
        values = [decode(btf, number, data)]
    for value in values:
        is_zero(value)
        assert "\n" not in value_text(value)
        json.dumps(value, allow_nan=False)


def _btf_seeds() -> list[bytes]:
    blob = base64.b64decode(KINDS["btf"])
    types, _, strings = _HEADER.unpack_from(blob)[5:]
    assert len(blob) == _HEADER.size + types + strings
    small = struct.pack("<III", 1, 1 << 24, 4) + struct.pack("<I", 1 << 24 | 32)  # int
    small += struct.pack("<III", 5, 4 << 24 | 2, 8) + struct.pack(
        "<IIIIII", 1, 1, 0, 3, 1, 32
    )  # a struct of two
    small += struct.pack("<IIIIII", 0, 3 << 24, 0, 2, 1, 3)  # an array of it
    return [
        b"\1" + blob,
        b"\0" + struct.pack("<H", types) + blob[_HEADER.size :],
        b"\0" + struct.pack("<H", len(small)) + small + b"\0int\0s\0" + bytes(range(64)),
    ]


ELF = Target("elf", _elf_seeds, _elf)
"""BPF objects, programs and initramfs archives."""
BTF = Target("btf", _btf_seeds, _btf)
"""Types, and values of them."""
