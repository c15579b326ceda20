"""The operation `write_file`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Text
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.read_file import GuestFile

__all__ = ["WriteFile"]


@dataclass(frozen=True)
class WriteFile(Operation):
    """Writes `text` to a file of the kernel's in the guest: `WriteFile("/sys/kernel/debug/sched/features", "NO_X")`.

    If the kernel refuses it, the run is an error.
    """

    name = "write_file"
    path: Annotated[str, GuestFile()]
    """The file."""
    text: Annotated[str, Text()]
    """What is written, in one write(2)."""
