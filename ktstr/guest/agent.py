"""The agent: the guest's init, built from `agent/*.c`."""

from __future__ import annotations

from pathlib import Path

from ktstr.toolchain.compiler import compile_static

__all__ = ["build_agent"]


def build_agent() -> Path:
    """The static executable, from the cache or built with the host's compiler."""
    folder = Path(__file__).parent / "agent"
    return compile_static("agent", sorted(folder.glob("*.c")))
