"""The operation `kernel_dump`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.scenario.operation import Operation

__all__ = ["KernelDump"]


@dataclass(frozen=True)
class KernelDump(Operation):
    """Has the kernel write its debug dump of the attached scheduler (SysRq-D), which calls `ops.dump` and its like.

    The scheduler goes on. The report has the dump as it has that of a scheduler that the kernel ejects.
    """

    name = "kernel_dump"
