"""A whole LLVM: clang with the linker and the tools that the kernel's makefiles take beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.toolchain.compiler import Compiler, bpf_clangs

__all__ = ["Toolchain", "find_toolchain", "has_header"]

_OLDEST_CLANG = 16


@dataclass(frozen=True)
class Toolchain:
    """A clang whose companions are installed. `llvm` is the value that the kernel's makefiles take as `LLVM`."""

    clang: Compiler
    llvm: str

    @property
    def linker(self) -> str:
        """The linker that the makefiles use with it."""
        return f"{self.llvm}ld.lld" if self.llvm.endswith("/") else f"ld.lld{self.llvm.removeprefix('1')}"


def find_toolchain() -> Toolchain:
    """The newest clang with what a build of the kernel tree needs beside it; KtstrError names what the newest lacks."""
    clangs = bpf_clangs()
    refusals = []
    for clang in clangs:
        try:
            return _with_companions(clang)
        except KtstrError as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _with_companions(clang: Compiler) -> Toolchain:
    name = Path(clang.command[-1]).name
    suffix = name.removeprefix("clang")
    if clang.major < _OLDEST_CLANG:
        raise KtstrError(
            f"{clang.command[-1]}: clang {clang.version} is too old for the kernel's schedulers; "
            f"install {_OLDEST_CLANG} or later (Debian: clang-16 llvm-16 lld-16)"
        )
    # The makefiles take a folder instead of a suffix for an LLVM that is not in PATH.
    in_path = shutil.which(name) is not None
    llvm = (suffix or "1") if in_path else f"{Path(clang.command[-1]).parent}/"
    folder = "" if in_path else llvm
    wanted = {
        f"{folder}ld.lld{suffix}": f"lld{suffix}",
        f"{folder}llvm-ar{suffix}": f"llvm{suffix}",
        f"{folder}llvm-strip{suffix}": f"llvm{suffix}",
        "make": "make",
        "python3": "python3",
    }
    missing = {tool: package for tool, package in wanted.items() if shutil.which(tool) is None}
    headers = {"gelf.h": "libelf-dev", "zlib.h": "zlib1g-dev"}
    missing |= {header: package for header, package in headers.items() if not has_header(clang, header)}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise KtstrError(f"building the kernel's schedulers needs {', '.join(missing)} (Debian: {packages})")
    return Toolchain(clang, llvm)


def has_header(compiler: Compiler, header: str) -> bool:
    """Whether the compiler finds a header of the system."""
    command = [*compiler.command, "-E", "-x", "c", "-o", os.devnull, "-"]
    text = f"#include <{header}>\n".encode()
    return subprocess.run(command, input=text, capture_output=True, check=False).returncode == 0
