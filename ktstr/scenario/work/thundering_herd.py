"""The work type `thundering_herd`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["ThunderingHerd"]


@dataclass(frozen=True)
class ThunderingHerd(WorkType):
    """A waker does `burst_iters` steps, and wakes `herd` others at once; it waits until all have done as many.

    They sleep on one futex, and one system call wakes them all.
    """

    name = "thundering_herd"
    alike = False
    herd: Annotated[int, Whole(1, 1023)] = 8
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16

    @property
    def together(self) -> int:
        """The waker and the herd."""
        return self.herd + 1
