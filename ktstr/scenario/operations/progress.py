"""The operation `progress`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["Progress"]


@dataclass(frozen=True)
class Progress(Operation):
    """Opens the gate and waits until every worker has done a chunk of work, from `least_ns` to `most_ns` guest ns.

    The first worker of each CPU stays on that CPU. Afterwards it reports every worker, as `hold` does.
    """

    name = "progress"
    instead = "hold_s=..."
    least_ns: int
    most_ns: Annotated[int, Whole(1)]
