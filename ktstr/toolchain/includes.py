"""The folders in which a compiler looks for the system's headers."""

from __future__ import annotations

import os
import subprocess

from ktstr.base.per_environment import per_environment
from ktstr.toolchain.compiler import Compiler

__all__ = ["system_includes"]


@per_environment
def system_includes(compiler: Compiler) -> tuple[str, ...]:
    """The folders, in order; none if the compiler does not tell.

    For BPF, clang does not look in the folder of the host's architecture (Debian: /usr/include/x86_64-linux-gnu), in
    which asm/types.h and the like are.
    """
    command = [*compiler.command, "-E", "-v", "-x", "c", os.devnull, "-o", os.devnull]
    environment = {**os.environ, "LC_ALL": "C"}
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stderr
    _, _, listed = told.partition("#include <...> search starts here:\n")
    return tuple(line.strip() for line in listed.partition("End of search list.")[0].splitlines())
