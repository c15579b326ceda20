"""The operation `resume`."""

from __future__ import annotations

from dataclasses import dataclass

from ktstr.base.topology import Topology
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers

__all__ = ["Resume"]


@dataclass(frozen=True)
class Resume(OnWorkers):
    """Lets workers that were paused go on, by SIGCONT."""

    name = "resume"

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers."""
        return self.chosen_words

    def changes(self, state: State) -> State:
        """Workers that run."""
        return self.changed(state, stopped=False)
