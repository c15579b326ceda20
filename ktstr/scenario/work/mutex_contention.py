"""The work type `mutex_contention`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["MutexContention"]


@dataclass(frozen=True)
class MutexContention(WorkType):
    """`contenders` workers share a lock: each does `work_iters` steps without it, and `hold_iters` with it.

    The time that a worker sleeps for the lock counts as sleep; a holder that is kept from running has the gap.
    """

    name = "mutex_contention"
    contenders: Annotated[int, Whole(2, 1024)] = 4
    hold_iters: Annotated[int, Whole(1, 1_000_000)] = 16
    work_iters: Annotated[int, Whole(1, 1_000_000)] = 64

    @property
    def together(self) -> int:
        """The workers of a lock."""
        return self.contenders
