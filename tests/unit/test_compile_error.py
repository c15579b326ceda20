"""The cause of a source that does not compile, from what clang 16.0.6 printed (its call for a bug report shortened)."""

from pathlib import Path

import pytest

from ktstr.base.errors import KernelLacks, KtstrError
from ktstr.bpf.compile_error import compile_error, cpu_of
from ktstr.kernel.model import Kernel
from ktstr.toolchain.compiler import BuildError, Compiler

SOURCE = Path("/home/me/sched/mine.bpf.c")
KERNEL = Kernel("k", "7.0.13", "7.0.13+deb13-cloud-amd64", "test", Path("vmlinux"), "", Path("config"), True)
CLANG = Compiler(("clang-16",), "16.0.6", "Debian clang version 16.0.6")
TOLD = "(clang 16.0.6 with -mcpu=v3; full log: mine.log)"
DIVISION = """\
Error at line 2: Unsupport signed division for DAG: 0x55e4d9fc6b60: i32 = sdiv 0x55e4d9fc6a80, Constant:i32<4>, \
./mine.bpf.c:2:107 @[ ./mine.bpf.c:2:1 ]Please convert to unsigned div/mod.
fatal error: error in backend: Cannot select: 0x55e4d9fc6b60: i32 = sdiv 0x55e4d9fc6a80, Constant:i32<4>, \
./mine.bpf.c:2:107 @[ ./mine.bpf.c:2:1 ]
In function: mine_enqueue
PLEASE submit a bug report to https://github.com/llvm/llvm-project/issues/ and include the crash backtrace.
********************
"""


def error_of(output: str, first: str = "********************", cpu: str = "v3") -> KtstrError:
    failed = BuildError("mine.bpf.o", first, output, Path("mine.log"))
    return compile_error(SOURCE, failed, CLANG, cpu, KERNEL)


def test_a_signed_division_is_found_before_the_call_for_a_bug_report() -> None:
    assert str(error_of(DIVISION)) == (
        "mine.bpf.c:2:107: signed division, which BPF of -mcpu=v3 does not have: divide unsigned numbers, or take clang"
        f" 18 or later with -mcpu=v4 (bpf_cflags, KTSTR_CLANG) {TOLD}"
    )


def test_a_kfunc_that_the_kernel_lacks_is_the_schedulers() -> None:
    error = error_of(
        "/home/me/sched/mine.bpf.c:7:2: error: call to undeclared function 'scx_bpf_dsq_reenq'; ISO C99 and later do"
        " not support implicit function declarations [-Wimplicit-function-declaration]\n"
    )
    assert isinstance(error, KernelLacks)
    assert str(error) == (
        "kernel 7.0.13 has no kfunc scx_bpf_dsq_reenq, which mine.bpf.c:7:2 calls: #ifdef KTSTR_HAS_scx_bpf_dsq_reenq"
        f" is for sources that can do without {TOLD}"
    )


@pytest.mark.parametrize(
    ("header", "owner"),
    [
        ("gnu/stubs-32.h", ": install it (Debian: libc6-dev-i386)"),
        ("asm/types.h", ": install it (Debian: linux-libc-dev)"),
        ("zlib.h", ": install it (Debian: zlib1g-dev)"),
        ("scx/common.bpf.h", ": -I in bpf_cflags says where a project's own headers are"),
    ],
)
def test_a_missing_header_names_its_package(header: str, owner: str) -> None:
    error = error_of(f"/home/me/sched/mine.bpf.c:1:10: fatal error: '{header}' file not found\n")
    assert str(error) == f"mine.bpf.c:1:10: header {header} is missing{owner} {TOLD}"


def test_another_error_is_clangs_first() -> None:
    first = "/home/me/sched/mine.bpf.c:2:9: error: expected expression"
    assert str(error_of(f"{first}\n", first)) == (
        f"mine.bpf.c: does not compile: mine.bpf.c:2:9: error: expected expression {TOLD}"
    )


def test_the_last_instruction_set_counts() -> None:
    assert cpu_of(()) == "v3"
    assert cpu_of(("-mcpu=v2", "-DX", "-mcpu=v4")) == "v4"
