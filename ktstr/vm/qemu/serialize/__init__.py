"""The library that lets QEMU's main loop and its CPU thread run only one at a time; serialize.c gives the reasons."""

from __future__ import annotations

from pathlib import Path

from ktstr.toolchain.compiler import compile_shared, shared_entry
from ktstr.toolchain.source_files import SourceFiles

__all__ = ["build_serializer", "serializer_entry", "serializer_sources"]

_FOLDER = Path(__file__).parent
_SOURCE = _FOLDER / "serialize.c"


def build_serializer(*, debugged: bool = False) -> Path:
    """The shared library, to be preloaded into QEMU; from the cache or built with the host's compiler.

    `debugged` is for a QEMU that serves a debugger: debugged.c.
    """
    if debugged:
        return compile_shared("serialize-debugged", [_FOLDER / "debugged.c"], [_SOURCE])
    return compile_shared("serialize", [_SOURCE])


def serializer_entry() -> str:
    """The name of the cache's entry with the library, which need not be there: what is remembered needs none."""
    return shared_entry("serialize", [_SOURCE])


def serializer_sources() -> str:
    """A key over the library's source alone: whatever compiler made it, QEMU's threads take the same turns."""
    return SourceFiles((_SOURCE,)).key(("serialize",))
