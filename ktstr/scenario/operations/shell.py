"""The operation `shell`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.topology import Topology
from ktstr.scenario.argument import Words
from ktstr.scenario.operation import Operation

__all__ = ["Shell"]


@dataclass(frozen=True)
class Shell(Operation):
    """Runs a program whose terminal, or whose pipes, are on the host, to its end.

    `rows` and `columns` are the size of a terminal; `kernel_log` passes on the kernel's log as well.
    """

    name = "shell"
    instead = "the command `ktstr shell`"
    terminal: bool
    rows: int
    columns: int
    kernel_log: bool
    command: Annotated[tuple[str, ...], Words(1)]

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Its kind, the terminal's size, the log, and the command."""
        kind = "terminal" if self.terminal else "pipes"
        log = "kernel" if self.kernel_log else "-"
        return (kind, str(self.rows), str(self.columns), log, *self.command)
