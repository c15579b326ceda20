"""The operation `observer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.limits import MAX_WORKERS
from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["Observer"]


@dataclass(frozen=True)
class Observer(Operation):
    """Counts, from here on, how long every task waits for a CPU and has one; `file` has the programs that do it."""

    name = "observer"
    instead = "latency=True"
    file: str
    workers: Annotated[int, Whole(0, MAX_WORKERS)]
