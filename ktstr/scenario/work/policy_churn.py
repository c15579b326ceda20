"""The work type `policy_churn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.work_type import WorkType

__all__ = ["PolicyChurn"]


@dataclass(frozen=True)
class PolicyChurn(WorkType):
    """Does `burst_iters` steps under one policy after another, which it gives itself, and repeats.

    These are normal and batch, idle if `idle`, fifo and rr if `realtime`: under the last two it leaves the ext class.
    """

    name = "policy_churn"
    alike = False
    burst_iters: Annotated[int, Whole(1, 1_000_000)] = 256
    idle: bool = False
    realtime: bool = True
