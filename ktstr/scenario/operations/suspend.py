"""The operation `suspend`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["Suspend"]


@dataclass(frozen=True)
class Suspend(Operation):
    """Suspends to idle as far as a guest can, for whole guest seconds: all tasks are frozen, then they go on.

    It is the kernel's own test of a suspend (`/sys/power/pm_test`, up to `freezer`): sched_ext bypasses the scheduler
    as in a real one. The devices stay. A kernel without it (CONFIG_PM_SLEEP_DEBUG) is an error.
    """

    name = "suspend"
    seconds: Annotated[int, Whole(1, 10)] = 1
    """For how many guest seconds."""
