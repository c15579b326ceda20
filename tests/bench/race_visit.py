"""The work type `visit`, for the race of a task that exits against one that moves into its cgroup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr import Whole, WorkType

__all__ = ["Visit"]


@dataclass(frozen=True)
class Visit(WorkType):
    """Forks a process that moves itself into the cgroup `there`, which is beside its own, and exits; and repeats.

    An iteration is a process. It computes `burst_iters` steps before it exits.
    """

    name = "visit"
    source = "races/visit.c"
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 4
