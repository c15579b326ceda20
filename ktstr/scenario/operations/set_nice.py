"""The operation `set_nice`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ktstr.base.topology import Topology
from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.on_workers import OnWorkers
from ktstr.scenario.policy import NICE

__all__ = ["SetNice"]


@dataclass(frozen=True)
class SetNice(OnWorkers):
    """Gives running workers a nice value: `SetNice("a", 10)`. A sched_ext scheduler gets `set_weight`."""

    name = "set_nice"
    nice: Annotated[int, Whole(*NICE)]
    """The nice value."""

    def arguments(self, topology: Topology) -> tuple[str, ...]:
        """Which workers, and the value."""
        return (*self.chosen_words, str(self.nice))

    def changes(self, state: State) -> State:
        """Workers of another nice value."""
        return self.changed(state, nice=self.nice)
