"""The first line of a failure before there is a guest: a fault in each stage from parse to open."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_bpf_build import kernel, real_cache, tools  # noqa: F401, the fixtures

from ktstr.base.errors import KernelLacks, KtstrError
from ktstr.bpf.build import build_bpf
from ktstr.guest.initramfs import program_files
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import bpf_clang

HEAD = '#include "head.h"\n'
TAIL = 'SEC(".struct_ops.link") struct sched_ext_ops f_ops = { .name = "f" };\n'
# The stand-in for a kernel has not all that ktstr's own header needs.
HEADER = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nchar _license[] SEC("license") = "GPL";\n'
# What ends each line that clang had a part in.
TOLD = r" \(clang \S+ with -mcpu=\S+; full log: \S+\)"


@dataclass(frozen=True)
class Row:
    """A source between HEAD and TAIL, whose fault is in line 2, and the pattern of its first line."""

    name: str
    text: str
    first: str
    lacks: bool = False
    """Whether it is the scheduler's: the kernel lacks what it needs."""
    cflags: tuple[str, ...] = ()


ROWS = (
    Row("error", "#error no queues", r"f\.bpf\.c: does not compile: f\.bpf\.c:2:2: error: no queues"),
    Row("syntax", "int x = ;", r"f\.bpf\.c: does not compile: f\.bpf\.c:2:9: error: expected expression"),
    Row(
        "no_header",
        '#include "scx/frobs.h"',
        r"f\.bpf\.c:2:10: header scx/frobs\.h is missing: -I in bpf_cflags says where a project's own headers are",
    ),
    Row(
        "no_system_header",
        "#include <linux/no_such_header.h>",
        r"f\.bpf\.c:2:10: header linux/no_such_header\.h is missing: install it \(Debian: linux-libc-dev\)",
    ),
    Row(
        "no_libbpf_header",
        "#include <bpf/frobs.h>",
        r"f\.bpf\.c:2:10: header bpf/frobs\.h is missing; bpf/ are libbpf's headers.*: is the name right\?",
    ),
    Row(
        "unused",
        "int f(void) { int unused; return 0; }",
        r"f\.bpf\.c: does not compile: f\.bpf\.c:2:\d+: error: unused variable 'unused' .*",
    ),
    Row(
        "no_kfunc",
        "int f(void) { return scx_bpf_frobnicate(1); }",
        r"kernel 7\.0\.1 has no kfunc scx_bpf_frobnicate, which f\.bpf\.c:2:22 calls: #ifdef"
        r" KTSTR_HAS_scx_bpf_frobnicate is for sources that can do without",
        lacks=True,
    ),
    Row(
        "no_function",
        "int f(void) { return frobnicate(1); }",
        r"f\.bpf\.c: does not compile: f\.bpf\.c:2:22: error: .*'frobnicate'.*",
    ),
    Row(
        "no_enumerator",
        "int f(void) { return SCX_ENQ_FROB; }",
        r"kernel 7\.0\.1 has no SCX_ENQ_FROB, which f\.bpf\.c:2:22 uses",
        lacks=True,
    ),
    Row(
        "no_member",
        "int f(struct scx_exit_info *info) { return info->frobs; }",
        r"kernel 7\.0\.1 has no member frobs in struct scx_exit_info, which f\.bpf\.c:2:50 uses",
        lacks=True,
    ),
    Row(
        "no_op",
        'struct sched_ext_ops g_ops = { .frob = 0, .name = "g" };',
        r"kernel 7\.0\.1 has no member frob in struct sched_ext_ops, which f\.bpf\.c:2:\d+ uses",
        lacks=True,
    ),
    Row(
        "stack",
        "void g(char *at); int f(int n) { char room[1000]; g(room); return room[n & 511]; }",
        r"f\.bpf\.c: does not compile: (?:f\.bpf\.c:2:\d+: )?error: Looks like the BPF stack limit .*",
    ),
    Row(
        "float",
        "int f(int n) { return n * 1.5; }",
        r"f\.bpf\.c: does not compile: (?:f\.bpf\.c:2:\d+: )?error: .*built-in function '__\w+' is not supported.*",
    ),
    Row(
        "no_instruction_set",
        "",
        r"f\.bpf\.c: -mcpu=v9: clang \S+ has no such BPF instruction set; it has generic, v1.*",
        cflags=("-mcpu=v9",),
    ),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Where a test writes its source."""
    (tmp_path / "head.h").write_text(HEADER)
    return tmp_path / "f.bpf.c"


def first_line(call: Callable[[], object]) -> tuple[str, type[KtstrError]]:
    with pytest.raises(KtstrError) as refused:
        call()
    return str(refused.value).splitlines()[0], refused.type


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_source_that_does_not_compile(kernel: Kernel, source: Path, row: Row) -> None:  # noqa: F811
    source.write_text(f"{HEAD}{row.text}\n{TAIL}")
    first, kind = first_line(lambda: build_bpf(source, kernel, row.cflags))
    assert re.fullmatch(row.first + TOLD, first), first
    assert (kind is KernelLacks) is row.lacks


@pytest.mark.skipif(bpf_clang().major >= 18, reason="clang can divide signed numbers from 18 on")
def test_a_signed_division(kernel: Kernel, source: Path) -> None:  # noqa: F811
    """Clang says so between its call for a bug report and the program's graph."""
    source.write_text(f"{HEAD}int f(int n) {{ return n / 4; }}\n{TAIL}")
    first, _ = first_line(lambda: build_bpf(source, kernel))
    assert first.startswith(
        "f.bpf.c:2:25: signed division, which BPF of -mcpu=v3 does not have: divide unsigned numbers, or take clang 18"
        " or later with -mcpu=v4 (bpf_cflags, KTSTR_CLANG)"
    )


def test_two_sources_that_define_the_same(kernel: Kernel, source: Path) -> None:  # noqa: F811
    other = source.with_name("g.bpf.c")
    source.write_text(f"{HEAD}int pick_queue(int n) {{ return n; }}\n{TAIL}")
    other.write_text('#include "vmlinux.h"\nint pick_queue(int n) { return n + 1; }\n')
    first, _ = first_line(lambda: build_bpf(source, kernel, (), (other,)))
    assert re.fullmatch(
        r"f\.bpf\.o, g\.bpf\.o: do not link: .*pick_queue.* definition in 'g\.bpf\.o' \(full log: \S+\)",
        first,
    ), first


def test_an_object_without_a_scheduler(kernel: Kernel, source: Path) -> None:  # noqa: F811
    source.write_text(HEAD)
    first, _ = first_line(lambda: build_bpf(source, kernel))
    assert first == f'bpf={source}: not a scheduler: it has no SEC(".struct_ops.link") variable'


def test_objects_and_programs_for_another_machine_and_halves(
    kernel: Kernel,  # noqa: F811
    source: Path,
    tmp_path: Path,
) -> None:
    source.write_text(HEAD + TAIL)
    whole = build_bpf(source, kernel).read_bytes()
    other = tmp_path / "other.bpf.o"
    other.write_bytes(whole[:18] + struct.pack("<H", 183) + whole[20:])
    assert first_line(lambda: build_bpf(other, kernel))[0] == (
        f"bpf={other}: is an object for aarch64, not for BPF: clang -target bpf -c makes one"
    )
    half = tmp_path / "half.bpf.o"
    half.write_bytes(whole[: len(whole) // 2])
    assert first_line(lambda: build_bpf(half, kernel))[0] == (
        f"bpf={half}: cut off: {len(whole) // 2} bytes, and its section table ends at byte {len(whole)}"
    )
    assert first_line(lambda: program_files(other, "/ktstr/bin/other", "a test"))[0] == (
        f"{other}: is a program for aarch64; the guest is x86_64"
    )
