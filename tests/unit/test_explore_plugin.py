"""The C of the explorer's plugin that needs no emulator: what it reads, and which instructions use memory."""

import ctypes
import os
from pathlib import Path

import pytest

import ktstr.instrument
from ktstr.explore.strategy import Known, chosen_by
from ktstr.instrument.interleaving import Interleaving, SwitchPoint
from ktstr.toolchain.compiler import compile_shared

C = Path(ktstr.instrument.__file__).parent / "c"
X86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the instructions are x86-64's")


@pytest.fixture
def library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(compile_shared("explore-parts", [C / "choice.c", C / "insn_x86_64.c"])))
    library.choice_read.restype = ctypes.c_char_p
    library.insn_touches.restype = ctypes.c_bool
    return library


@pytest.mark.parametrize("strategy", ["rare", "stall", "pct"])
def test_the_plugin_reads_what_a_strategy_chooses(
    library: ctypes.CDLL, tmp_path: Path, strategy: str
) -> None:
    path = tmp_path / "interleaving.txt"
    path.write_text(str(chosen_by(strategy, 1, Known(4)).interleaving))
    assert library.choice_read(str(path).encode()) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("point 1 2 3\n", b"a point needs a block, an entry, a skip and ns"),
        ("draw 1 2 3\n", b"draw needs nine numbers"),
        ("stand\n", b"a line is neither a point nor what is drawn"),
    ],
)
def test_the_plugin_says_what_it_cannot_read(
    library: ctypes.CDLL, tmp_path: Path, text: str, wrong: bytes
) -> None:
    path = tmp_path / "interleaving.txt"
    path.write_text(str(Interleaving((SwitchPoint(2**64 - 1, 1, 2, 3),))) + text)
    assert library.choice_read(str(path).encode()) == wrong
    assert library.choice_read(str(tmp_path / "nowhere").encode()) == b"No such file or directory"


@X86
@pytest.mark.parametrize(
    ("insn", "touches"),
    [
        ("8b 7b 00", True),  # mov edi, [rbx+0]
        ("41 8b 45 08", True),  # mov eax, [r13+8]
        ("41 89 04 24", True),  # mov [r12], eax
        ("c7 05 01 00 00 00 01 00 00 00", True),  # mov dword [rip+1], 1
        ("0f b6 47 01", True),  # movzx eax, byte [rdi+1]
        ("f0 48 0f c1 07", True),  # lock xadd [rdi], rax
        ("87 07", True),  # xchg [rdi], eax
        ("48 89 45 f8", False),  # mov [rbp-8], rax
        ("48 8b 04 24", False),  # mov rax, [rsp]
        ("89 f8", False),  # mov eax, edi
        ("e8 00 00 00 00", False),  # call
        ("74 10", False),  # jz
        ("48", False),
        ("", False),
    ],
)
def test_instructions_that_use_memory_other_than_the_stack(
    library: ctypes.CDLL, insn: str, touches: bool
) -> None:
    data = bytes.fromhex(insn)
    assert library.insn_touches(data, ctypes.c_size_t(len(data))) is touches
