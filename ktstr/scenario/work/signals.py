"""The work type `signals`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["Signals"]


@dataclass(frozen=True)
class Signals(WorkType):
    """Two workers take turns: each does `burst_iters` steps, sends the other SIGUSR1, and waits in sigwaitinfo(2)."""

    name = "signals"
    multiple = 2
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
