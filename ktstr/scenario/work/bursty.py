"""The work type `bursty`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Milliseconds
from ktstr.scenario.work_type import WorkType

__all__ = ["Bursty"]


@dataclass(frozen=True)
class Bursty(WorkType):
    """Computes for `burst_ms`, sleeps for `sleep_ms` (guest milliseconds), and repeats."""

    name = "bursty"
    burst_ms: Annotated[float, Milliseconds()] = 50.0
    sleep_ms: Annotated[float, Milliseconds()] = 100.0
