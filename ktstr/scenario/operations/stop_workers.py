"""The operation `stop_workers`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import Topology
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers

__all__ = ["StopWorkers"]


@dataclass(frozen=True)
class StopWorkers(OnWorkers):
    """Ends running workers: `StopWorkers("a")`. Threads of one process end together."""

    name = "stop_workers"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers."""
        return self.chosen_words

    def changes(self, state: State) -> State:
        """Those workers are gone."""
        chosen = self.chosen(state)
        return state.without_workers(lambda one: one.index in chosen)
