"""The work type `wake_chain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["WakeChain"]


@dataclass(frozen=True)
class WakeChain(WorkType):
    """A ring of `length` workers: each does `burst_iters` steps, wakes the next by a futex, and waits for its turn."""

    name = "wake_chain"
    length: Annotated[int, Whole(2, 1024)] = 4
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16

    @property
    def together(self) -> int:
        """The workers of a ring."""
        return self.length
