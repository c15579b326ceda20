"""The operation `core_sched`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import Topology
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers

__all__ = ["CoreSched"]


@dataclass(frozen=True)
class CoreSched(OnWorkers):
    """Gives running workers one core scheduling cookie: meanwhile the siblings of a core run no other task."""

    name = "core_sched"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers."""
        return self.chosen_words

    def changes(self, state: State) -> State:
        """None; KtstrError if there are no such workers."""
        self.chosen(state)
        return state
