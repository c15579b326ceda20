"""The work type `epoll`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["Epoll"]


@dataclass(frozen=True)
class Epoll(WorkType):
    """Two workers take turns as those of `PipeIo` do, but each sleeps in epoll_wait(2) until its pipe can be read.

    A turn is `burst_iters` steps.
    """

    name = "epoll"
    multiple = 2
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
