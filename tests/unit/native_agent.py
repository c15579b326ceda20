"""Parts of the guest's agent as programs of this host, compiled under the sanitizers (tests/native)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from ktstr.guest.agent import AGENT, INCLUDE, WORK
from ktstr.toolchain.compiler import host_compiler

__all__ = ["NATIVE", "build_native"]

NATIVE = Path(__file__).parents[1] / "native"
_OPTIONS = (
    *("-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)


def part_of_agent(name: str) -> Path:
    """The agent's C file of that name; `work/mixed` is the one of a work type."""
    return WORK.parent / f"{name}.c" if name.startswith("work/") else AGENT / f"{name}.c"


def build_native(
    folder: Path,
    main: str,
    *parts: str,
    native: Sequence[str] = ("fake_machine",),
    compiler: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Path:
    """The program `main` of tests/native, linked with `parts` of the agent and with `native`, other files beside it."""
    program = folder / main
    sources = [NATIVE / f"{name}.c" for name in (main, *native)] + list(map(part_of_agent, parts))
    includes = [f"-I{path}" for path in (INCLUDE, AGENT, NATIVE)]
    command = [*(compiler or host_compiler().command), *_OPTIONS, *options, *includes, "-o", str(program)]
    done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program
