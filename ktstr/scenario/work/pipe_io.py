"""The work type `pipe_io`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["PipeIo"]


@dataclass(frozen=True)
class PipeIo(WorkType):
    """Two workers take turns: each does `burst_iters` steps, wakes the other through a pipe, and waits for it.

    The kernel's wakeup of a reader of a pipe is a sync wakeup: it says that the waker is about to sleep.
    """

    name = "pipe_io"
    multiple = 2
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 1024
