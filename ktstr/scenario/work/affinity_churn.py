"""The work type `affinity_churn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["AffinityChurn"]


@dataclass(frozen=True)
class AffinityChurn(WorkType):
    """Does `burst_iters` steps, then confines itself to one of its CPUs, drawn from the run's seed, and repeats."""

    name = "affinity_churn"
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 256
