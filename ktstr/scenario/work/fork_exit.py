"""The work type `fork_exit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["ForkExit"]


@dataclass(frozen=True)
class ForkExit(WorkType):
    """Forks a process that computes `burst_iters` steps and exits, waits for its end, and repeats.

    An iteration is a child. A fork that is refused counts as none, and is tried again after a millisecond.
    """

    name = "fork_exit"
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
