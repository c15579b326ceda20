"""The operation `reload`."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from ktstr.scenario.argument import Whole
from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["Reload"]


@dataclass(frozen=True)
class Reload(Operation):
    """Attaches and detaches what the scheduler's program has loaded, in a tight loop, `at_once` processes at a time.

    The scheduler is detached before, and started as usual afterwards. `report.result.of("reloaded")` has how often the
    kernel `attached` it, and `refused` it because it was attached at that moment (EBUSY).
    """

    name = "reload"
    refusals = MappingProxyType({errno.ETIMEDOUT: "exit"})
    times: Annotated[int, Whole(1, 100_000)] = 100
    """How many times each process attaches it."""
    at_once: Annotated[int, Whole(1, 16)] = 1
    """How many processes do so."""

    def changes(self, state: State) -> State:
        """The same; KtstrError if no scheduler is attached."""
        require_attached(state, self.label)
        return state
