"""The operation `read_workers`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import Topology
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers

__all__ = ["ReadWorkers"]


@dataclass(frozen=True)
class ReadWorkers(OnWorkers):
    """Reports what the kernel says of running workers: an event `task` for each (docs/plan.md)."""

    name = "read_workers"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers."""
        return self.chosen_words

    def changes(self, state: State) -> State:
        """None; KtstrError if there are no such workers."""
        self.chosen(state)
        return state
