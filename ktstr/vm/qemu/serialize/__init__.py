"""The library that lets QEMU's main loop and its CPU thread run only one at a time; serialize.c gives the reasons."""

from __future__ import annotations

from pathlib import Path

from ktstr.toolchain.compiler import compile_shared

__all__ = ["build_serializer"]

_FOLDER = Path(__file__).parent


def build_serializer(*, debugged: bool = False) -> Path:
    """The shared library, to be preloaded into QEMU; from the cache or built with the host's compiler.

    `debugged` is for a QEMU that serves a debugger: debugged.c.
    """
    source = _FOLDER / "serialize.c"
    if debugged:
        return compile_shared("serialize-debugged", [_FOLDER / "debugged.c"], [source])
    return compile_shared("serialize", [source])
