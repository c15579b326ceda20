"""The work type `priority_inversion`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["PriorityInversion"]


@dataclass(frozen=True)
class PriorityInversion(WorkType):
    """A worker of nice 19 holds the lock that one of nice -20 wants, while `spinners` of nice 0 compute.

    The first holds it for `hold_ms` guest milliseconds, and sleeps for `pause_ms`. The second takes it for
    one step, and sleeps as long. They are the first two of the group, and set their nice values themselves. There is an
    inversion if there are as many spinners as CPUs. `WorkerStats.counted` of the first is how often it lost its CPU for
    a millisecond or more while it had the lock and the second waited, once for each time it held it.
    """

    name = "priority_inversion"
    alike = False
    spinners: Annotated[int, Whole(1, 1022)] = 1
    hold_ms: Annotated[float, Milliseconds()] = 5.0
    pause_ms: Annotated[float, Milliseconds()] = 1.0

    @property
    def together(self) -> int:
        """The two that share the lock, and the spinners."""
        return self.spinners + 2
