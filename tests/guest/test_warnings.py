"""The loader and its tools, and what the emulator loads, compile without a warning with each compiler
that is installed. (tests/unit/test_agent_build.py does the same for the agent, and needs no network.)"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ktstr import instrument
from ktstr.bpf import build
from ktstr.bpf.libbpf import libbpf
from ktstr.guest.agent import INCLUDE
from ktstr.vm.qemu import serialize

COMPILERS = ("gcc", "gcc-12", "gcc-14", "clang", "clang-14", "clang-16", "clang-19")
WARNINGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")


@pytest.fixture(params=[name for name in COMPILERS if shutil.which(name)])
def compiler(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def compiles(compiler: str, sources: list[Path], *folders: Path) -> None:
    options = (f"-I{folder}" for folder in folders)
    command = [compiler, *WARNINGS, *options, *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("program", ["loader", "bpf_link", "vmlinux_h", "compat"])
def test_what_is_linked_with_libbpf_compiles_without_a_warning(compiler: str, program: str) -> None:
    sources = sorted((Path(build.__file__).parent / program).glob("*.c"))
    assert sources
    compiles(compiler, sources, INCLUDE, libbpf().include, libbpf().uapi)


def test_what_looks_at_guests_compiles_without_a_warning(compiler: str) -> None:
    sources = sorted((Path(instrument.__file__).parent / "c").glob("*.c"))
    assert sources
    compiles(compiler, sources)


def test_what_is_preloaded_compiles_without_a_warning(compiler: str) -> None:
    sources = sorted(Path(serialize.__file__).parent.glob("*.c"))
    assert sources
    compiles(compiler, sources)
