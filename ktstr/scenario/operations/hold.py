"""The operation `hold`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.operation import Operation

__all__ = ["HoldFor"]


@dataclass(frozen=True)
class HoldFor(Operation):
    """Lets new workers go, has all run for `ns` guest nanoseconds, and reports each of them."""

    name = "hold"
    instead = "hold_s=..."
    ns: Annotated[int, Whole(1)]
