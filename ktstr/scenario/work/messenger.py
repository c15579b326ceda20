"""The work type `messenger`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["Messenger"]


@dataclass(frozen=True)
class Messenger(WorkType):
    """`workers` ask one messenger for work, and sleep until it wakes them, as those of schbench do.

    Each then does `burst_iters` steps, sleeps for `think_ms` guest milliseconds, and asks again. The messenger wakes
    all that have asked meanwhile, and sleeps until the next one asks.
    """

    name = "messenger"
    alike = False
    workers: Annotated[int, Whole(1, 1023)] = 4
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 64
    think_ms: Annotated[float, Milliseconds()] = 0.1

    @property
    def together(self) -> int:
        """The messenger and its workers."""
        return self.workers + 1
