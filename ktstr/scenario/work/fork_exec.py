"""The work type `fork_exec`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["ForkExec"]


@dataclass(frozen=True)
class ForkExec(WorkType):
    """Forks a process that executes a program, which computes `burst_iters` steps and exits; waits for it, and repeats.

    An iteration is a child. A fork that is refused counts as none, and is tried again after a millisecond.
    """

    name = "fork_exec"
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 16
