"""The work type `futex_ping_pong`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["FutexPingPong"]


@dataclass(frozen=True)
class FutexPingPong(WorkType):
    """Two workers take turns: each does `burst_iters` steps, wakes the other by a futex, and waits for it.

    Unlike a pipe's, a futex's wakeup does not say that the waker is about to sleep.
    """

    name = "futex_ping_pong"
    multiple = 2
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
