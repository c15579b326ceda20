"""The file of counts, and what the kernel's tables in it say of the functions."""

import struct
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.instrument.counts import BRANCH, Calls, Counts, Edge, Insn, Owner, read_counts
from ktstr.instrument.layout import Layout
from ktstr.instrument.programs import STRUCT_OPS, Place, functions_of

HEAD = b"ktstr-counts-2\n"
END = struct.pack("<QQ", 6, 0)
CODE = 0xFFFFFFFFC0000100


def part(kind: int, data: bytes) -> bytes:
    return struct.pack("<QQ", kind, len(data)) + data


def owner(number: int, is_program: int, reading: int, aux: int, start: int, end: int, name: str) -> bytes:
    return part(
        1, struct.pack("<IIQQQQQ128s", number, is_program, reading, aux, 0x6000, start, end, name.encode())
    )


def memory(address: int, data: bytes) -> bytes:
    return part(2, struct.pack("<QQ", 1, address) + data)


def test_every_part_of_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "counts"
    file.write_bytes(
        HEAD
        + owner(0, 1, 1, 0x1000, CODE, CODE + 64, "bpf_prog_0_mine")
        + memory(0x1000, b"aux")
        + part(3, struct.pack("<QQQQQIBB2x", CODE, 9, 4, 5, CODE + 32, 0, 2, BRANCH))
        + part(4, struct.pack("<I4xQQ", 0, 12, 3))
        + part(5, struct.pack("<QIIQQ", CODE + 8, 0, 1, 3, 36))
        + END
    )
    assert read_counts(file) == Counts(
        (Owner(0, True, 1, 0x1000, 0x6000, CODE, CODE + 64, "bpf_prog_0_mine"),),
        {(1, 0x1000): b"aux"},
        (Insn(CODE, 9, 4, 5, CODE + 32, 0, 2, BRANCH),),
        (Calls(0, 12, 3),),
        (Edge(CODE + 8, 0, 1, 3, 36),),
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "must be the counts of a run"),
        (HEAD, "the counts end early; the run did not end by itself"),
        (HEAD + part(3, b"x" * 7) + END, "the counts end early"),
        (HEAD + part(1, b"")[:12], "the counts end early"),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "counts").write_bytes(data)
    with pytest.raises(KtstrError, match=why):
        read_counts(tmp_path / "counts")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match="the run's counts cannot be read: No such file"):
        read_counts(tmp_path / "counts")


# Structs of a kernel that has nothing else in them.
AT = {
    "bpf_prog_aux.func_idx": 0,
    "bpf_prog_aux.nr_linfo": 4,
    "bpf_prog_aux.func_info_cnt": 8,
    "bpf_prog_aux.prog": 16,
    "bpf_prog_aux.btf": 24,
    "bpf_prog_aux.linfo": 32,
    "bpf_prog_aux.jited_linfo": 40,
    "bpf_prog_aux.func_info": 48,
    "bpf_prog_aux.name": 56,
    "bpf_prog.type": 4,
    "btf.data": 8,
}
STRINGS = b"\0mine_enqueue\0weigh\0mine.bpf.c\0"
# A prototype, and two functions of that type.
TYPES = b"".join(
    struct.pack("<III", name, kind << 24, third)
    for name, kind, third in ((0, 13, 0), (1, 12, 1), (14, 12, 1))
)
BTF = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(TYPES), len(TYPES), len(STRINGS)) + TYPES + STRINGS
FILE = STRINGS.index(b"mine.bpf.c")


def tables(number: int, part: int, code: int, btf: int = 0x6000) -> Counts:
    """A function of a program with three lines, of which the second is in its subprogram and the third has no code."""
    aux = 0x1000 * (number + 10)
    name = b"mine_enqueue_is".ljust(16, b"\0")
    return Counts(
        (Owner(number, True, 1, aux, btf, code, code + 64, "bpf_prog_0_mine"),),
        {
            (1, aux): struct.pack("<IIII6Q", part, 4, 2, 0, 0x2000, btf, 0x3000, 0x4000, 0x5000, 0)[:56]
            + name,
            (1, 0x2000): struct.pack("<II", 0, STRUCT_OPS),
            (1, code): b"\xc3" * 64,
            (1, 0x3000): b"".join(
                struct.pack("<IIII", insn, FILE, 0, line << 10 | 5)
                for insn, line in ((0, 10), (1, 11), (2, 12), (3, 20))
            ),
            (1, 0x4000): struct.pack("<4Q", CODE, CODE + 8, CODE + 8, CODE + 0x100),
            (1, 0x5000): struct.pack("<IIII", 0, 2, 3, 3),
            (1, 0x6000): struct.pack("<QQ", 0, 0x7000),
            (1, 0x7000): BTF,
        },
        *((), (), ()),
    )


def test_a_program_has_its_name_and_lines() -> None:
    (program,) = functions_of(tables(0, 0, CODE), Layout(0, AT))
    assert (program.name, program.type) == ("mine_enqueue", STRUCT_OPS)
    assert program.places == (Place(CODE, "mine.bpf.c", 10, 5), Place(CODE + 8, "mine.bpf.c", 12, 5))
    assert program.code == b"\xc3" * 64


def test_a_subprogram_has_its_own_name_and_lines() -> None:
    (program,) = functions_of(tables(1, 1, CODE + 0x100), Layout(0, AT))
    assert (program.name, program.part) == ("weigh", 1)
    assert program.places == (Place(CODE + 0x100, "mine.bpf.c", 20, 5),)


def test_a_program_without_types_has_the_kernels_short_name() -> None:
    (program,) = functions_of(tables(0, 0, CODE, btf=0), Layout(0, AT))
    assert (program.name, program.places) == ("mine_enqueue_is", ())


def test_damaged_tables_are_an_error() -> None:
    counts = tables(0, 0, CODE)
    memory = {**counts.memory, (1, 0x2000): b""}
    with pytest.raises(KtstrError, match="BPF program bpf_prog_0_mine: its tables are damaged"):
        functions_of(Counts(counts.owners, memory, (), (), ()), Layout(0, AT))
