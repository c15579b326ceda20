"""The work type `timer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["Timer"]


@dataclass(frozen=True)
class Timer(WorkType):
    """Sleeps until a timer with the period `period_ms` (guest milliseconds) expires, then does `burst_iters` steps.

    The timer is a timerfd, so the next expiry does not depend on how late the worker ran after the last one.
    """

    name = "timer"
    period_ms: Annotated[float, Milliseconds()] = 1.0
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
