"""The work type `fan_out`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["FanOut"]


@dataclass(frozen=True)
class FanOut(WorkType):
    """A waker does `burst_iters` steps, wakes `woken` others one by one, and waits until all have done as many."""

    name = "fan_out"
    alike = False
    woken: Annotated[int, Whole(1, 1023)] = 4
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16

    @property
    def together(self) -> int:
        """The waker, and those that it wakes."""
        return self.woken + 1
