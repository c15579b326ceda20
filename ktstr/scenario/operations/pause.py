"""The operation `pause`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import Topology
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers

__all__ = ["Pause"]


@dataclass(frozen=True)
class Pause(OnWorkers):
    """Stops running workers by SIGSTOP, until a `Resume`. Threads of one process stop together."""

    name = "pause"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers."""
        return self.chosen_words

    def changes(self, state: State) -> State:
        """Workers that do not run."""
        return self.changed(state, stopped=True)
