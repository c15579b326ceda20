"""The work type `preempt_storm`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["PreemptStorm"]


@dataclass(frozen=True)
class PreemptStorm(WorkType):
    """A worker of nice -20 wakes every `sleep_ms` guest milliseconds, does `burst_iters` steps, and sleeps again.

    It is the first of its group, and preempts the `spinners`, which compute. With `realtime` it is SCHED_FIFO, and so
    no sched_ext scheduler has it: it takes CPUs away from the scheduler.
    """

    name = "preempt_storm"
    alike = False
    spinners: Annotated[int, Whole(1, 1023)] = 1
    sleep_ms: Annotated[float, Milliseconds()] = 1.0
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
    realtime: bool = False

    @property
    def together(self) -> int:
        """The one that preempts, and the spinners."""
        return self.spinners + 1
