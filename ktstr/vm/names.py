"""What the emulator is called where users read it: in text, and as keys of the files that a run writes.

The keys are part of documented formats and stay as they are.
"""

from __future__ import annotations

from typing import Final, TypedDict

__all__ = ["EMULATOR", "EMULATOR_KEY", "EMULATOR_VERSION_KEY", "EmulatorOfCase", "EmulatorOfResult"]

EMULATOR: Final = "QEMU"
"""Its name in messages and tables."""

EMULATOR_KEY: Final = "qemu"
"""The key of its version in a sidecar, in JUnit properties and in `cache --json`."""

EMULATOR_VERSION_KEY: Final = "qemu_version"
"""The key of its version in the record of one run (`runs[].result` of a sidecar)."""


class EmulatorOfCase(TypedDict):
    """What a sidecar says of the emulator."""

    qemu: str | None
    """QEMU's version; null if no VM was asked for."""


class EmulatorOfResult(TypedDict):
    """What the record of one run says of the emulator."""

    qemu_version: str
    """QEMU's version."""
