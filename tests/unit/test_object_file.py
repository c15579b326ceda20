"""BPF objects as files: what is read of one, and what is said of one that is not whole."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from elf_object import elf_object

from ktstr.base.errors import KtstrError
from ktstr.bpf.object_file import check_object_file, data_mb, program_sections, sections

WRITE_ALLOC, EXECUTE_ALLOC = 3, 6
SECTIONS: dict[str, tuple[int, bytes | int]] = {
    "struct_ops/enqueue": (EXECUTE_ALLOC, bytes(16)),
    "license": (WRITE_ALLOC, b"GPL\0"),
    ".bss": (WRITE_ALLOC, 5 << 20),
    ".BTF": (0, bytes(40)),
}
WHOLE = elf_object(SECTIONS)


def changed(at: int, form: str, value: int) -> bytes:
    data = bytearray(WHOLE)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def header_of(name: str) -> int:
    """Where the header of a section begins."""
    (table,) = struct.unpack_from("<Q", WHOLE, 40)
    return int(table) + 64 * (1 + list(SECTIONS).index(name))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.bpf.o"


def test_a_whole_object(path: Path) -> None:
    path.write_bytes(WHOLE)
    check_object_file(path, "bpf=mine.bpf.o")
    assert [one.name for one in sections(path)] == ["", *SECTIONS, ".shstrtab"]
    assert data_mb(path) == 5
    assert program_sections(path) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a BPF object (clang -target bpf -c makes one)"),
        (b"int x;\n" * 40, "not a BPF object (clang -target bpf -c makes one)"),
        (elf_object(machine=1000), "not a BPF object (clang -target bpf -c makes one)"),
        (elf_object(machine=183), "is an object for aarch64, not for BPF: clang -target bpf -c makes one"),
        (
            elf_object(order=">"),
            "a big-endian object, and the guest is little-endian (clang -target bpfel -c makes one)",
        ),
        (WHOLE[:30], "cut off: 30 bytes, less than an ELF header has"),
        (WHOLE[:200], f"cut off: 200 bytes, and its section table ends at byte {len(WHOLE)}"),
        (changed(62, "<H", 99), "damaged: the ELF header's section table is not one"),
        (changed(58, "<H", 63), "damaged: the ELF header's section table is not one"),
        (changed(header_of(".BTF"), "<I", 2**31), "damaged: a section has no name in the file"),
        (
            changed(header_of(".BTF") + 32, "<Q", 2**40),
            f"cut off or damaged: {len(WHOLE)} bytes, and section .BTF ends at byte {2**40 + 84}",
        ),
    ],
)
def test_what_is_not_whole_is_told(path: Path, data: bytes, words: str) -> None:
    path.write_bytes(data)
    with pytest.raises(KtstrError) as refused:
        check_object_file(path, "bpf=mine.bpf.o")
    assert str(refused.value) == f"bpf=mine.bpf.o: {words}"


def test_memory_without_bytes_in_the_file_may_be_larger_than_it(path: Path) -> None:
    path.write_bytes(changed(header_of(".bss") + 32, "<Q", 2**40))
    check_object_file(path, "bpf=mine.bpf.o")
    assert data_mb(path) == 2**20
