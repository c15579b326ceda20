"""The operation `watchdog`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["Watchdog"]


@dataclass(frozen=True)
class Watchdog(Operation):
    """Sets how long the kernel lets a task wait before it ejects a scheduler, in guest milliseconds."""

    name = "watchdog"
    instead = "@ktstr_test(watchdog_timeout_s=...)"
    ms: Annotated[int, Whole(1, 2**32 - 1)]
