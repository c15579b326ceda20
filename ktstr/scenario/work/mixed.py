"""The work type `mixed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds
from ktstr.scenario.work_type import WorkType

__all__ = ["Mixed"]


@dataclass(frozen=True)
class Mixed(WorkType):
    """Computes for `burst_ms` guest milliseconds, yields, and repeats."""

    name = "mixed"
    burst_ms: Annotated[float, Milliseconds()] = 1.0
