"""The work type `nice_churn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["NiceChurn"]


@dataclass(frozen=True)
class NiceChurn(WorkType):
    """Does `burst_iters` steps at each nice value from 0 to `most`, which it gives itself, and repeats."""

    name = "nice_churn"
    alike = False
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 256
    most: Annotated[int, Whole(1, 19)] = 19
