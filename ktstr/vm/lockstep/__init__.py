"""The library that has QEMU's main loop and its CPU thread take turns under the virtual clock; lockstep.c tells why."""

from __future__ import annotations

from pathlib import Path

from ktstr.guest.compiler import compile_shared

__all__ = ["build_lockstep"]


def build_lockstep() -> Path:
    """The shared library, to be preloaded into QEMU; from the cache or built with the host's compiler."""
    return compile_shared("lockstep", [Path(__file__).parent / "lockstep.c"])
