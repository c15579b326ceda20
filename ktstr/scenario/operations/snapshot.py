"""The operation `snapshot`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.scenario.argument import Text
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot(Operation):
    """Reads what the attached scheduler's maps hold at this moment; `report.dumps` has it under `title`."""

    name = "snapshot"
    title: Annotated[str, Text()] = "snapshot"
    """What the report calls it."""

    def changes(self, state: State) -> State:
        """The same; KtstrError if no scheduler is attached."""
        require_attached(state, self.label)
        return state
