"""The operation `restart`."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from types import MappingProxyType

from ktstr.scenario.model import State
from ktstr.scenario.operation import Operation
from ktstr.scenario.scheduler_name import require_attached

__all__ = ["Restart"]


@dataclass(frozen=True)
class Restart(Operation):
    """Stops the attached scheduler and starts the same again. The workers go on, meanwhile without it."""

    name = "restart"
    refusals = MappingProxyType({errno.ETIMEDOUT: "exit", errno.EBUSY: "exit"})

    def changes(self, state: State) -> State:
        """The same; KtstrError if no scheduler is attached."""
        require_attached(state, self.label)
        return state
