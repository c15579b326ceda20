"""The library that has QEMU's main loop and its CPU thread take turns under the virtual clock; lockstep.c tells why."""

from __future__ import annotations

from pathlib import Path

from ktstr.toolchain.compiler import compile_shared

__all__ = ["build_lockstep"]

_FOLDER = Path(__file__).parent


def build_lockstep(*, debugged: bool = False) -> Path:
    """The shared library, to be preloaded into QEMU; from the cache or built with the host's compiler.

    `debugged` is for a QEMU that serves a debugger: debugged.c.
    """
    lockstep = _FOLDER / "lockstep.c"
    if debugged:
        return compile_shared("debugged", [_FOLDER / "debugged.c"], [lockstep])
    return compile_shared("lockstep", [lockstep])
