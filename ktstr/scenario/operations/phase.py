"""The operation `phase`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Text
from ktstr.scenario.operation import Operation

__all__ = ["BeginPhase"]


@dataclass(frozen=True)
class BeginPhase(Operation):
    """Begins a step: what follows, up to the end of its hold, is the phase `title` of the report."""

    name = "phase"
    instead = "Step(...)"
    title: Annotated[str, Text()]
