"""The work type `cross_affinity_churn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds, Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["CrossAffinityChurn"]


@dataclass(frozen=True)
class CrossAffinityChurn(WorkType):
    """Each of `churners` workers does `burst_iters` steps, confines the next to one of its CPUs, and sleeps.

    The CPU is drawn from the run's seed, and the sleep takes `sleep_ms` guest milliseconds. The next worker runs, waits
    for a CPU or sleeps when its CPUs change. How often a worker confined the next is its `counted`.
    """

    name = "cross_affinity_churn"
    churners: Annotated[int, Whole(2, 1024)] = 4
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 64
    sleep_ms: Annotated[float, Milliseconds()] = 0.1

    @property
    def together(self) -> int:
        """All churners."""
        return self.churners
